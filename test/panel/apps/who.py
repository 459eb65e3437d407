"""Says whom Panel takes the visitor for: when the page is made, once its websocket is open, and whenever something is typed."""
import json

import panel as pn

pn.extension()


def person() -> str:
    told = {name.lower(): value for name, value in pn.state.headers.items()}
    return json.dumps({
        'user': pn.state.user,
        'email': (pn.state.user_info or {}).get('email'),
        'name': (pn.state.user_info or {}).get('name'),
        'groups': ','.join((pn.state.user_info or {}).get('groups') or []),
        'token': pn.state.access_token is not None,
        'same': pn.state.access_token == told.get('x-forwarded-access-token'),
        'told': told.get('x-forwarded-user')
    })


page = pn.pane.Str(f'page {person()}')
opened = pn.pane.Str('not open yet')
pn.state.onload(lambda: setattr(opened, 'object', f'opened {person()}'))
said = pn.widgets.TextInput(name='Say')
heard = pn.pane.Str('nothing heard')
said.param.watch(lambda event: setattr(heard, 'object', f'heard {event.new} from {pn.state.user}'), 'value')
pn.Column(page, opened, said, heard).servable()
