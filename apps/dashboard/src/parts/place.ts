/** Where one is: the part of the address after `#`, so every page can be linked to and the server serves one. */
import { useSyncExternalStore } from 'react';

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => {
    window.removeEventListener('hashchange', changed);
  };
}

/** Its steps, such as `['bays', 'new']`; empty at the beginning. */
export function usePlace(): readonly string[] {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '')
    .map(decodeURIComponent);
}

export function hrefOf(...steps: readonly string[]): string {
  return `#/${steps.map(encodeURIComponent).join('/')}`;
}

export function goTo(...steps: readonly string[]): void {
  window.location.hash = hrefOf(...steps);
}
