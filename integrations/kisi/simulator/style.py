"""The stylesheet of the simulator's page: one string, light and dark, wide and narrow."""

CSS = """
:root { color-scheme: light dark;
  --bg: #F5F6F8; --surface: #FFFFFF; --sunken: #ECEFF3; --border: #D3D9E1; --text: #171B21; --muted: #525B68;
  --accent: #3346C0; --ok: #116038; --ok-bg: #E1F3E8; --warn: #734600; --warn-bg: #FCF0D4;
  --bad: #A51C1C; --bad-bg: #FBE7E6; --info: #1D4C9F; --info-bg: #E4EDFB; --idle: #474F5C; --idle-bg: #E9ECF0;
  --focus: #0B5FFF; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #101317; --surface: #191D23; --sunken: #222830; --border: #353D48; --text: #E7EAEE; --muted: #A9B2BE;
  --accent: #AAB5FF; --ok: #7ED5A3; --ok-bg: #132E1F; --warn: #F0C36A; --warn-bg: #33260A;
  --bad: #FF9F97; --bad-bg: #3B1715; --info: #9CC0FF; --info-bg: #15253D; --idle: #BBC3CE; --idle-bg: #2A3039;
  --focus: #8AB4FF; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font-size: 1rem; line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
main, header { max-width: 1216px; margin: 0 auto; padding: 0 32px; }
header { padding-top: 24px; padding-bottom: 8px; display: flex; flex-wrap: wrap; gap: 4px 24px;
  align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.5rem; font-weight: 650; margin: 0; }
h2 { font-size: 1.25rem; font-weight: 650; margin: 32px 0 12px; }
h3 { font-size: 1.0625rem; font-weight: 650; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.muted { color: var(--muted); font-size: .875rem; }
.lead { flex-basis: 100%; color: var(--muted); max-width: 68ch; }
.doors { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); }
.card { background: var(--surface); border: 1px solid var(--border); border-radius: 10px; padding: 16px; }
.card header { padding: 0 0 8px; max-width: none; }
.names { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 6px; }
.tag { display: inline-block; border: 1px solid transparent; border-radius: 999px; padding: 0 10px;
  font-size: .875rem; font-weight: 550; overflow-wrap: anywhere; background: var(--idle-bg); color: var(--idle); }
.ok { background: var(--ok-bg); color: var(--ok); } .warn { background: var(--warn-bg); color: var(--warn); }
.bad { background: var(--bad-bg); color: var(--bad); } .info { background: var(--info-bg); color: var(--info); }
.two { display: grid; gap: 0 24px; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 1088px) { .two { grid-template-columns: minmax(0, 1.25fr) minmax(0, 1fr); } }
table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .9375rem;
  background: var(--surface); border: 1px solid var(--border); border-radius: 10px; overflow: hidden; }
th, td { text-align: left; vertical-align: top; padding: 8px 16px; border-top: 1px solid var(--border); }
thead th { background: var(--sunken); border-top: 0; font-size: .875rem; font-weight: 550; color: var(--muted); }
tbody th { font-weight: 550; }
td, tbody th { overflow-wrap: anywhere; }
td[data-label="Answer"], td[data-label="Time"], td[data-label="Took"], td[data-label="Key"],
td[data-label="Because of"] {
  white-space: nowrap; }
.log th, .log td { padding-left: 12px; padding-right: 12px; }
td .tag { margin: 0 4px 0 0; }
code { font: .875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.empty { color: var(--muted); background: var(--surface); border: 1px dashed var(--border); border-radius: 10px;
  padding: 16px; }
footer { height: 48px; }
@media (max-width: 720px) {
  main, header { padding-left: 16px; padding-right: 16px; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, th, td { display: block; }
  tr { border-top: 1px solid var(--border); padding: 12px 16px; }
  tbody tr:first-child { border-top: 0; }
  tbody th { padding: 0 0 2px; border: 0; }
  td { display: grid; grid-template-columns: 64px minmax(0, 1fr); gap: 8px; padding: 2px 0; border: 0; }
  td::before { content: attr(data-label); color: var(--muted); font-size: .875rem; }
  .log th, .log td { padding-left: 0; padding-right: 0; }
  .log td { display: inline-block; margin-right: 12px; }
  .log td::before { content: none; }
}
"""
