import { randomInt } from 'node:crypto';

const GREEK_LETTERS = [
  'alpha',
  'beta',
  'gamma',
  'delta',
  'epsilon',
  'zeta',
  'eta',
  'theta',
  'iota',
  'kappa',
  'lambda',
  'mu',
  'nu',
  'xi',
  'omicron',
  'pi',
  'rho',
  'sigma',
  'tau',
  'upsilon',
  'phi',
  'chi',
  'psi',
  'omega',
] as const;

/** A name as Magnum gives one when none was asked for: `omega-7-bay`. Names need not be unique. */
export function randomName(suffix: string): string {
  const letter = GREEK_LETTERS[randomInt(GREEK_LETTERS.length)] ?? GREEK_LETTERS[0];
  return `${letter}-${randomInt(1, 25)}-${suffix}`;
}
