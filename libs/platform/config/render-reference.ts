import { SETTING_KEYS, SETTINGS } from './settings.js';

/** `docs/configuration.md`, from the table of settings. */
export function renderConfigurationReference(): string {
  const rows = SETTING_KEYS.map((key) => {
    const setting = SETTINGS[key];
    const unit = 'unit' in setting ? ` (${setting.unit})` : '';
    const secret = 'secret' in setting ? ' Secret: never shown or logged.' : '';
    return `### \`${setting.name}\`\n\n${setting.description}${secret}\n\n- Value: ${escape(setting.form)}${unit}\n- Default: ${escape(setting.shownDefault)}\n`;
  });
  return [
    '# Configuration\n',
    '<!-- Generated: `node libs/platform/dist/config/print-reference.js > docs/configuration.md`. Do not edit. -->\n',
    'All settings are environment variables, and all have a default. An empty value counts as absent. A `BAYKEEPER_` name ' +
      'that is not in this list stops the start, with the nearest name that is.\n',
    ...rows,
  ].join('\n');
}

/** `<` would start a tag, `*` and `_` emphasis. */
function escape(text: string): string {
  return text.replace(/[<*]/g, '\\$&');
}
