"""For `panel serve --setup`: every app is for Ada alone."""
import panel as pn

pn.config.authorize_callback = lambda person: bool(person) and person.get('email') == 'ada@example.com'
