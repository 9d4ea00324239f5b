"""Random pages with all edits that are proven, held against themselves in Chromium.

    python benchmarks/html_random.py [--seed N] [--minutes M]

Pages are drawn from a grammar of what may tell an edit: sheets that select by order, kind, class,
attribute, negation and relation, and set how boxes and letters are laid out; scripts that count,
look for and change elements; doctypes, odd classes, data scripts, templates, comments. To each page
all edits are made that the proof lets through one after another, and the page is shown before and
after with the network cut. Pages that differ from themselves are left out. Prints a line of JSON
for each page that differs, with the edits that do it alone, and the counts at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import time

from modelwarden.attacks.html.browser import Browser, differences
from modelwarden.attacks.html.edits.catalog import EXACT, edited
from modelwarden.attacks.html.proof import prove

URL = "https://bank.example/login"
TAGS = (
    "html head title style script meta link body div p span a ul li form input button img h1 label "
    "small section table td noscript template iframe main header footer nav"
).split()
CLASSES = ("box", "Item", "mt-1", "sm:x", "hidden", "a1")
KINDS = (
    ":first-child :last-child :nth-child(2n) :nth-last-child(2) :only-child :first-of-type "
    ":last-of-type :only-of-type :empty :not(.box) :not(:first-child) :is(div,p) :where(p) :hover "
    ":root :has(a) :target :link :nth-last-of-type(2) :first-child:last-child :not(:last-child) "
    ":is(:last-child) :has(>a) :has(+p) :nth-child(2_of_.box) :only-of-type :checked "
    ":focus-within :placeholder-shown :lang(en) :dir(rtl) :any-link :required :read-only "
    ":nth-of-type(odd) :defined"
).split()
ATTRIBUTES = (
    "[class] [id] [href] [type] [type=text] [name] [style] [data-x] [class*=it] [href^='/'] [src] "
    "[action] [style*=none] [title] [rel] [lang] [content] [alt] [value] [for] [width] [dir] "
    "[hidden] [aria-hidden] [role] [tabindex] [target] [method=POST] [class='box'] [id=main_i] "
    "[href$=html]"
).split()
PARTS = ("::before", "::after", "::first-letter", "::first-line", "::marker")
DECLARATIONS = (
    "color:red|display:block|display:flex|display:grid|display:inline-block|display:table|"
    "display:none|background:#ddd|border:2px solid|margin:8px|padding:4px|counter-increment:c|"
    "counter-reset:c|float:left|position:absolute|white-space:pre|white-space:pre-line|"
    "letter-spacing:3px|word-break:break-all|text-transform:uppercase|font-size:24px|width:60px|"
    "hyphens:auto|overflow-wrap:anywhere|visibility:hidden|column-count:2|text-align:justify|"
    "content-visibility:auto|all:unset|font-variant:small-caps|writing-mode:vertical-rl|"
    "font-feature-settings:'liga' 0|word-spacing:9px|text-indent:20px|line-height:2|order:-1|"
    "gap:9px|grid-template-columns:1fr 1fr|quotes:'a' 'b'|clear:both|vertical-align:top|"
    "direction:rtl|text-wrap:balance|display:contents|display:ruby|columns:3|"
    "hanging-punctuation:first|unicode-bidi:bidi-override|-webkit-line-clamp:1|aspect-ratio:2|"
    "container-type:inline-size|white-space:break-spaces|line-break:anywhere|"
    "text-combine-upright:all|tab-size:9|font-variant-ligatures:none|text-emphasis:dot|"
    "initial-letter:2|box-decoration-break:clone"
).split("|")
CONTENTS = (
    "content:'x'",
    "content:counter(c)",
    "content:attr(class)",
    "content:attr(href)",
    "content:attr(title)",
    "content:open-quote",
    "content:counters(c,'.')",
    "content:attr(data-x)",
)
AROUND = ("@media screen", "@supports (display:grid)", "@layer a", "@container (width>9px)")
TOLD = (
    "document.body.children.length",
    "document.getElementsByTagName('*').length",
    "document.scripts.length",
    "document.links.length",
    "document.images.length",
    "document.head.children.length",
    "[...document.querySelectorAll('[href]')].length",
    "document.querySelectorAll('.box ~ *').length",
    "document.body.innerHTML.length",
    "document.body.textContent.length",
    "window.length",
    "String(document.querySelector('p')?.nextElementSibling?.tagName)",
    "document.forms[0] ? document.forms[0].getAttribute('action') : '-'",
    "document.all.length",
    "document.body.childNodes.length",
    "document.styleSheets.length",
    "document.body.innerText.split(' ').length",
    "document.querySelector('h1, p')?.outerHTML.length",
    "[...document.querySelectorAll('*')].reduce((n, e) => n + e.attributes.length, 0)",
    "document.createTreeWalker(document.body, 4).nextNode()?.data.length",
    "Math.round(document.body.getBoundingClientRect().height)",
    "document.forms[0]?.elements.length",
    "Object.keys(document.querySelector('input')?.dataset ?? {}).length",
    "document.documentElement.firstChild.childElementCount",
    "document.body.firstChild.nodeName",
    "document.evaluate('count(//div)', document, null, 1, null).numberValue",
    "getComputedStyle(document.body.firstElementChild ?? document.body).display",
    "new FormData(document.forms[0] ?? undefined).keys().next().value",
    "document.querySelector('body > :last-child')?.className",
    "document.compatMode",
    "document.characterSet",
    "window.main ? window.main.tagName : '-'",
)
CHANGED = (
    "document.querySelectorAll('a').forEach((e, i) => e.textContent += i)",
    "for (const d of document.getElementsByTagName('div')) d.style.display = 'block'",
    "document.querySelectorAll('div:not(.box)').forEach(d => { d.style.display = 'block' })",
    "let e = document.body.lastElementChild; if (e) e.style.color = 'red'",
    "document.title += document.forms.length",
    "document.body.innerHTML = document.body.innerHTML.toUpperCase()",
    "document.body.append(document.body.firstElementChild?.cloneNode(true) ?? '')",
    "document.querySelectorAll('p').forEach(p => { p.firstChild && p.firstChild.remove() })",
    "document.querySelectorAll('[hidden], [aria-hidden]').forEach(e => { e.hidden = false })",
    "document.querySelectorAll('a').forEach(a => { if (a.href == location.href) a.remove() })",
    "document.body.replaceChildren(...[...document.body.children].reverse())",
    "document.querySelectorAll('iframe').forEach(f => f.width = 200)",
    "for (const e of document.body.children) e.classList.add('box')",
    "document.body.normalize(); document.body.append(document.body.firstChild?.data ?? '')",
    "document.querySelectorAll('style').forEach(s => { s.disabled = true })",
    "let n = 0; new MutationObserver(m => { n += m.length }).observe(document, "
    "{ childList: true, subtree: true }); setTimeout(() => { document.title += n }, 0)",
    "document.querySelectorAll('img').forEach(i => i.replaceWith(i.alt))",
    "document.querySelector('form')?.insertAdjacentHTML('beforebegin', '<p>new</p>')",
    "document.write('<p>' + document.body.children.length + '</p>')",
    "customElements.define('x-a', class extends HTMLElement { connectedCallback() "
    "{ this.attachShadow({ mode: 'open' }).innerHTML = '<slot></slot>!' } })",
)
WORDS = (
    "Your account needs to confirm office first Yes To the AVAIL password sign in now please final "
    "flow"
).split()
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


class Pages:
    """Draws pages; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def words(self) -> str:
        return " ".join(self.random.choice(WORDS) for _ in range(self.random.randint(1, 5)))

    def compound(self) -> str:
        made = self.random.choice([*TAGS, *"****", *[""] * 10])
        if self.chance(0.4):
            made += "." + self.random.choice(CLASSES).replace(":", "\\:")
        if self.chance(0.35):
            made += self.random.choice(KINDS).replace("_", " ")
        if self.chance(0.2):
            made += self.random.choice(ATTRIBUTES).replace("_", " ")
        return made or "*"

    def rule(self) -> str:
        selectors = []
        for _ in range(self.random.randint(1, 2)):
            one = self.compound()
            for _ in range(self.random.randint(0, 2)):
                one += self.random.choice([" ", ">", "+", "~", " > "]) + self.compound()
            selectors.append(one + (self.random.choice(PARTS) if self.chance(0.2) else ""))
        said = [
            self.random.choice(DECLARATIONS) + (" !important" if self.chance(0.06) else "")
            for _ in range(self.random.randint(1, 2))
        ]
        if "::before" in selectors[0] or "::after" in selectors[0]:
            said.append(self.random.choice(CONTENTS))
        made = ",".join(selectors) + "{" + ";".join(said) + "}"
        if self.chance(0.06):
            made = (
                made[:-1]
                + ";&"
                + self.random.choice([" ", ">"])
                + self.compound()
                + "{color:blue}}"
            )
        if self.chance(0.1):
            made = self.random.choice(AROUND) + "{" + made + "}"
        return ("/* } */" if self.chance(0.03) else "") + made

    def script(self) -> str:
        told = [f"document.body.append(' ' + ({one}))" for one in TOLD]
        code = self.random.choice([*told, *CHANGED])
        if self.chance(0.7):
            code = f"addEventListener('load', () => {{ {code} }})"
        return f"<script>{code}</script>"

    def attributes(self) -> str:
        made = ""
        if self.chance(0.4):
            made += f' class="{" ".join(self.random.sample(CLASSES, self.random.randint(1, 2)))}"'
        if self.chance(0.06):
            made += ' id="main"'
        if self.chance(0.08):
            made += f' style="{self.random.choice(DECLARATIONS)}"'
        return made

    def element(self, depth: int = 0) -> str:
        kind, own = self.random.random(), self.attributes()
        if depth > 2 or kind < 0.3:
            return self.words()
        if kind < 0.4:
            return f'<a href="/x{self.random.randint(0, 9)}"{own}>{self.words()}</a>'
        if kind < 0.5:
            items = (f"<li{self.attributes()}>{self.element(depth + 1)}</li>" for _ in range(2))
            return f"<ul{own}>{''.join(items)}</ul>"
        if kind < 0.55:
            return f'<img src="{DOT}" alt="{self.words()}" width=20 height=10{own}>'
        if kind < 0.6:
            return f"<table{own}><tr><td>{self.element(depth + 1)}</td><td>a</td></tr></table>"
        if kind < 0.75:
            odd = (
                "<script type='application/json'>{}</script>",
                f"<noscript>{self.words()}</noscript>",
                f"<template><p>{self.words()}</p></template>",
                "<!-- note -->",
                "<br>",
                f"<details{own}><summary>{self.words()}</summary>{self.words()}</details>",
                f"<select{own}><option>{self.words()}<option selected>{self.words()}</select>",
                f"<textarea{own}>{self.words()}</textarea>",
                f"<pre{own}>\n {self.words()}\n  {self.words()}</pre>",
                f"<svg width=90 height=20><text y=15{own}>{self.words()}</text></svg>",
                f"<x-a{own}>{self.words()}</x-a>",
                f"<bdo dir=rtl>{self.words()}</bdo>",
                f"<p dir=auto lang=de{own}>{self.words()}<wbr>{self.words()}",
                f"<ruby>{self.words()}<rt>a</ruby>",
                f"<dl{own}><dt>{self.words()}<dd>{self.words()}</dl>",
                f"<fieldset{own}><legend>{self.words()}</legend><input type=checkbox checked>"
                "</fieldset>",
                f'<link rel=stylesheet href="data:text/css,{self.rule().replace("#", "%23")}">',
                f"<p hidden>{self.words()}</p>",
                f"<dialog open{own}>{self.words()}</dialog>",
                f"<math><mi{own}>{self.words()}</mi></math>",
            )
            return self.random.choice(odd)
        tag = self.random.choice("div p span section h1 small label b".split())
        inner = (self.element(depth + 1) + " " for _ in range(self.random.randint(1, 3)))
        return f"<{tag}{own}>{''.join(inner)}</{tag}>"

    def page(self) -> str:
        parts = [self.element() for _ in range(self.random.randint(0, 4))]
        if self.chance(0.5):
            parts.append(
                f'<form action="/post"{self.attributes()} method=post><label>{self.words()}</label>'
                f"<input type=password name=pw{self.attributes()}><button>{self.words()}</button>"
                "</form>"
            )
        parts += [self.element() for _ in range(self.random.randint(0, 2))]
        scripts = "".join(self.script() for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])))
        sheet = "".join(self.rule() for _ in range(self.random.randint(0, 7)))
        begin = self.random.choice(["<!doctype html>", "<!doctype html>", ""])
        meta = self.random.choice(['<meta charset="utf-8">', '<meta charset="utf-8">', ""])
        head = f"{meta}<title>{self.words()}</title><style>{sheet}</style>"
        body = "\n".join(parts)
        if self.chance(0.15):
            return begin + head + body + scripts
        first, last = (scripts, "") if self.chance(0.5) else ("", scripts)
        return (
            f"{begin}<html><head>{head}{first}</head>"
            f"<body{self.attributes()}>{body}{last}</body></html>"
        )


def proven(page: str, seed: int, order: list[str]) -> list[str]:
    """Return the edits that may be made to a page together."""
    kept: list[str] = []
    for name in order:
        changed, done = edited(page, URL, [*kept, name], seed)
        if name in done and not prove(page, changed):
            kept.append(name)
    return kept


def looked_at(browser: Browser, page: str, seed: int, kept: list[str]) -> dict[str, object] | None:
    """Return what differs, with the edits that do it alone; None where nothing does."""
    before = browser.show(page, URL)
    found = differences(before, browser.show(edited(page, URL, kept, seed)[0], URL))
    if not found or differences(before, browser.show(page, URL)):
        return None
    alone = {}
    for name in kept:
        changed, _ = edited(page, URL, [name], seed)
        if not prove(page, changed):
            told = differences(before, browser.show(changed, URL))
            alone |= {name: told} if told else {}
    return {"differs": found, "alone": alone, "page": page, "edits": kept}


def main() -> None:
    """Draw, prove and show until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    pages, end = Pages(given.seed), time.monotonic() + 60 * given.minutes
    counts = {"shown": 0, "edits": 0, "differ": 0}
    with Browser() as browser:
        while time.monotonic() < end:
            page = pages.page()
            kept = proven(page, given.seed, pages.random.sample(EXACT, len(EXACT)))
            counts["shown"] += 1
            counts["edits"] += len(kept)
            found = looked_at(browser, page, given.seed, kept)
            if found is not None:
                counts["differ"] += 1
                print(json.dumps(found), flush=True)
    print(json.dumps({"seed": given.seed, **counts}))


if __name__ == "__main__":
    main()
