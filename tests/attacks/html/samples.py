"""A page on which every edit has something to do."""

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in &amp; verify</title>
<meta name="description" content="Verify your account"><link rel="icon" href="https://other.example/i.ico">
<style>.card{color:#333} a{margin:2px}</style></head>
<body class="home"><h1>Nordhaven Bank</h1><p>Please verify  your account now.</p>
<img src="https://other.example/logo.png" alt="Nordhaven" width="9" height="9">
<form action="https://collect.example/post.php" method="post" onsubmit="return ok(this)">
<input type="email" name="user" placeholder="Email"><input type="password" name="pass">
<input type="hidden" name="token" value="abc"><button class="btn">Log in</button></form>
<a href="https://other.example/help">Help</a> <a href="#">Forgot</a>
<iframe src="frame.html" width="1" height="1"></iframe>
<script>function ok(f){return f.elements[0].value.length > 0;}</script>
</body></html>
"""
# No scripts, no icon: what some edits need.
QUIET = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Hello</title>
<style>.card{color:red}.btn{color:blue}</style></head><body><div class="card">Some words  here</div>
<form action="/go"><input name="q"><button class="btn">Go now</button></form></body></html>
"""
# A page of frames has no body.
FRAMES = """<!DOCTYPE html><html><head><title>Frames</title></head>
<frameset cols="9,*"><frame src="menu.html" name="a"><frame src="https://other.example/">
<noframes><body><p>Please use frames</p><form action="https://a.example"></form></body></noframes>
</frameset></html>
"""
# Most of it is a picture.
HOLDS = PAGE.replace(
    "<h1>", f'<img src="data:image/png;base64,{"iVBORw0KGgoAAAANSUhEUg" * 300}" alt=""><h1>', 1
)
URL = "https://site.example/account/login.html"
