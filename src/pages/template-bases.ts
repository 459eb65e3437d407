/** Templates that an operator's can extend by the names that Panel has, with Panel's blocks. Written for the gate: small, and dark too. */
const style = `
:root { color-scheme: light dark; --ink: #18202e; --soft: #566073; --paper: #fff; --ground: #f2f4f8; --line: #d8dde7; --edge: #768196; --key: #2455c3; --on-key: #fff; --bad: #b3201c }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edf5; --soft: #a9b3c5; --paper: #181e28; --ground: #0e1218; --line: #2b3443; --edge: #75819a; --key: #8ab1ff; --on-key: #0a1428; --bad: #ff9a94 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; font: 1rem/1.55 "Segoe UI", system-ui, sans-serif; color: var(--ink); background: var(--ground) }
.header { padding: 1.25rem 1.5rem; background: var(--paper); border-bottom: 1px solid var(--line) }
.header-content { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 1rem }
#panel-logo { height: 2.75rem; width: auto; max-width: 100% }
.error-area { display: flex; flex-direction: column; text-align: end }
#error-type { font-weight: 700; font-size: 1.25rem } #error { color: var(--soft) }
.content { flex: 1; display: grid; place-items: center; padding: 1.5rem }
.error-message { max-width: 34rem; text-align: center; overflow-wrap: anywhere }
h1 { margin: 0 0 1rem; font-size: 1.25rem; line-height: 1.4 }
.login-form { width: 100%; max-width: 24rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1rem }
.form-header { text-align: center } #logo { max-width: 100% }
.form-group { margin-bottom: 1rem } label { display: block; margin-bottom: .375rem; font-weight: 600 }
.form-input { width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--edge); border-radius: .5rem }
.form-button { width: 100%; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; color: var(--on-key); background: var(--key); border: 1px solid transparent; border-radius: .5rem; cursor: pointer }
.errormessage { color: var(--bad); font-weight: 600; margin: 0 } a { color: var(--key) }
:focus-visible { outline: 3px solid var(--key); outline-offset: 3px }
`

const document = (title: string, body: string) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="{{ PANEL_CDN }}images/favicon.ico">
<style>${style}{% block extra_style %}{% endblock %}</style>
</head>
<body>
${body}
</body>
</html>
`

const error = document('{{ title | default("Error", true) }}', `<header class="header"><div class="header-content">
<img id="panel-logo" src="{{ base_url }}static/extensions/panel/images/logo_horizontal.png" alt="">
<div class="error-area"><span id="error-type">{{ error_type | default("Error", true) }}</span><span id="error">{{ error }}</span></div>
</div></header>
<main class="content"><section class="error-message">
{% block content %}<h1>{{ error_msg }}</h1>
{% if oauth_logout_link %}<a href="{{ oauth_logout_link }}">Logout</a>{% endif %}{% endblock %}
</section></main>`)

const logo = '<img id="logo" src="{{ PANEL_CDN }}images/logo_stacked.png" width="150" height="120" alt="">'

const login = document('{{ title | default("Login", true) }}', `<main class="content">
{% block content %}<form class="login-form" action="{{ login_endpoint }}" method="post">
<div class="form-header">${logo}<h1>Login</h1></div>
<div id="error-message" class="form-group" role="alert"><p class="errormessage">{{ errormessage }}</p></div>
<div class="form-group"><label for="username">User name</label><input id="username" class="form-input" name="username" value="{{ username }}" autocomplete="username" autocapitalize="none" required></div>
<div class="form-group"><label for="password">Password</label><input id="password" class="form-input" name="password" type="password" autocomplete="current-password" required></div>
<button class="form-button" type="submit">Login</button>
</form>{% endblock %}
</main>`)

const logout = document('{{ title | default("Logout", true) }}', `<main class="content">
{% block content %}<form class="login-form" action="{{ LOGIN_ENDPOINT }}" method="get">
<div class="form-header">${logo}<h1>Successfully logged out.</h1></div>
<button class="form-button" type="submit">Login</button>
</form>
{% if provider_logout_link %}<p><a href="{{ provider_logout_link }}">Log out at {{ provider }} too</a></p>{% endif %}{% endblock %}
</main>`)

export const bases: ReadonlyMap<string, string> = new Map([['error.html', error], ['basic_login.html', login], ['logout.html', logout]])
