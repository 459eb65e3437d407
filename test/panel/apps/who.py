"""Says whom Panel takes the visitor for: when the page is made, where its title tells it before any websocket, once that is open, and whenever something is typed."""
import base64
import json

import panel as pn

pn.extension()


def read(name: str):
    try:
        return getattr(pn.state, name)
    except Exception as error:
        return f'failed: {type(error).__name__}'


def person() -> str:
    told = {name.lower(): value for name, value in pn.state.headers.items()}
    seen = {name: read(name) for name in ('user', 'user_info', 'access_token', 'refresh_token')}
    return json.dumps({
        **seen,
        'email': seen['user_info'].get('email') if isinstance(seen['user_info'], dict) else None,
        'name': seen['user_info'].get('name') if isinstance(seen['user_info'], dict) else None,
        'groups': ','.join(seen['user_info'].get('groups') or []) if isinstance(seen['user_info'], dict) else None,
        'token': seen['access_token'] is not None,
        'same': seen['access_token'] == told.get('x-forwarded-access-token'),
        'arguments': sorted(pn.state.session_args),
        'cookies': sorted(pn.state.cookies),
        'told': told.get('x-forwarded-user')
    })


pn.state.curdoc.title = f'who:{base64.urlsafe_b64encode(person().encode()).decode()}'
page = pn.pane.Str(f'page {person()}')
opened = pn.pane.Str('not open yet')
pn.state.onload(lambda: setattr(opened, 'object', f'opened {person()}'))
said = pn.widgets.TextInput(name='Say')
heard = pn.pane.Str('nothing heard')
said.param.watch(lambda event: setattr(heard, 'object', f'heard {event.new} from {pn.state.user}'), 'value')
pn.Column(page, opened, said, heard).servable()
