"""For Ada alone, by Panel's own authorize_callback."""
import panel as pn

pn.extension()
pn.config.authorize_callback = lambda person: bool(person) and person.get('email') == 'ada@example.com'
pn.pane.Str(f'private page of {pn.state.user}').servable()
