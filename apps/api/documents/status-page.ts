import type { ApiSettings } from '../api-settings.js';

/** The page at the root, for people. Holds nothing that a stranger may not know. */
export function renderStatusPage({ version, compute }: ApiSettings): string {
  const machines =
    compute === 'simulated'
      ? 'Machines are <strong>simulated</strong>: bays made here run nothing.'
      : `Machines come from the driver <strong>${escapeHtml(compute)}</strong>.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Baykeeper</title>
</head>
<body>
<h1>Baykeeper ${escapeHtml(version)}</h1>
<p>Container clusters on your own machines. ${machines}</p>
<ul>
<li><a href="/docs">The API, to read and try</a></li>
<li><a href="/openapi.json">The same as an OpenAPI document</a></li>
<li><a href="/readyz">Whether everything is reachable</a></li>
</ul>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
