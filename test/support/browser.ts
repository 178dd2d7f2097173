/** Debian's Chromium, driven as a person's hands would, and the rules of accessibility that every page keeps. */
import { access } from 'node:fs/promises';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Null where there is none: `script/install` installs it on Debian. */
export async function findChromium(): Promise<string | null> {
  for (const program of PROGRAMS) {
    const isThere = await access(program).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return null;
}

export function openBrowser(program: string): Promise<Browser> {
  // Tests run as root, where Chromium has no sandbox; every page is our own.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** What axe finds on the page as it is now, a line each. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  const results = await page.evaluate<AxeResults>(`${axe.source}; axe.run()`);
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

export async function signIn(
  page: Page,
  url: string,
  who: { readonly user: string; readonly password: string; readonly project?: string },
): Promise<void> {
  await page.goto(`${url}/`);
  await page.getByLabel('User').fill(who.user);
  await page.getByLabel('Password').fill(who.password);
  await page.getByLabel('Project').fill(who.project ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: /^Bays of / }).waitFor();
}
