// The style of the page.
import { FONT, variables } from './theme.mjs';

export const style = `${variables(':root')}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.55 ${FONT}}
header,main,nav{max-width:1200px;margin:0 auto;padding:0 24px}
header{padding-top:40px}
h1{font-size:34px;line-height:1.2;letter-spacing:-.02em;margin:0 0 8px}
h2{font-size:20px;letter-spacing:-.01em;margin:0 0 6px}
p{margin:0 0 14px;max-width:75ch}
header p,section>p{color:var(--muted)}
a{color:inherit}
nav{position:sticky;top:0;z-index:1;display:flex;gap:18px;overflow-x:auto;padding-top:12px;padding-bottom:12px;
  margin-top:20px;background:var(--page);font-size:13px;white-space:nowrap;border-bottom:1px solid var(--line)}
nav a{color:var(--muted);text-decoration:none}
nav a:hover{color:var(--ours)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px;margin:24px 0;
  scroll-margin-top:56px}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:14px;margin-top:22px}
.tile{display:flex;flex-direction:column;background:var(--card);border:1px solid var(--line);border-radius:12px;
  padding:14px 18px;text-decoration:none;border-left:4px solid var(--bad)}
.tile.met{border-left-color:var(--good)}
.tile b{font-size:28px;line-height:1.2;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{font-weight:600;font-size:14px}
.tile small{color:var(--muted);font-size:12.5px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,460px),1fr));gap:16px}
figure{margin:0;border:1px solid var(--line);border-radius:10px;overflow:hidden}
figure svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13.5px;width:100%}
th{text-align:left;font-weight:600;color:var(--muted);font-size:12.5px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th.number{white-space:normal}
.range{color:var(--muted);font-size:12.5px}
tr.ours td{font-weight:600}
tr.ours td.range{font-weight:400}
.badge{display:inline-block;border-radius:99px;padding:0 10px;font-size:12.5px;font-weight:600;white-space:nowrap;
  border:1px solid currentColor;color:var(--muted)}
.badge.met{color:var(--good)}
.badge.missed{color:var(--bad)}
.warning{color:var(--bad)!important;font-size:13.5px;margin-top:12px}
details{margin-top:16px}
summary{cursor:pointer;color:var(--muted);font-size:13.5px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;font-size:14px}
dt{color:var(--muted)}
dd{margin:0}
@media (max-width:640px){header,main,nav{padding-left:12px;padding-right:12px}section{padding:16px}}
`;
