/**
 * Certificates with which the control plane itself speaks to bays: short-lived, in memory only, used again until half
 * their life is over. A key that is never written down needs no revocation.
 */
import { createKeyAndCertificate, type LeafProfile } from './certificate.js';
import type { SigningAuthority } from './certificate-authority.js';

const LIFETIME_SECONDS = 3_600;
/** Bays that a process speaks to at a time; beyond it the oldest is forgotten, and made anew when needed. */
const KEPT = 1_000;

/** PEM texts of one session. */
export interface ControlIdentity {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface ControlIdentities {
  /** @param profile the engine's client certificate for the control plane; its days are not used */
  forBay(bayId: string, profile: LeafProfile): Promise<ControlIdentity>;
  /** The bay is gone or its authority was rotated. */
  forget(bayId: string): void;
}

/** @param loadAuthority the bay's cluster authority, its key decrypted */
export function openControlIdentities(options: {
  loadAuthority: (bayId: string) => Promise<SigningAuthority>;
  now?: () => Date;
}): ControlIdentities {
  const now = options.now ?? (() => new Date());
  const kept = new Map<string, { readonly usedUntil: number; readonly identity: Promise<ControlIdentity> }>();

  async function make(bayId: string, profile: LeafProfile): Promise<ControlIdentity> {
    const authority = await options.loadAuthority(bayId);
    const made = await createKeyAndCertificate({
      authority,
      profile,
      lifetimeSeconds: LIFETIME_SECONDS,
      now: now(),
    });
    return { ca: authority.certificatePem, certificate: made.certificatePem, key: made.privateKeyPem };
  }

  return {
    forBay(bayId, profile) {
      const time = now().getTime();
      const known = kept.get(bayId);
      if (known !== undefined && time < known.usedUntil) return known.identity;
      const identity = make(bayId, profile);
      const entry = { usedUntil: time + (LIFETIME_SECONDS * 1_000) / 2, identity };
      kept.delete(bayId);
      kept.set(bayId, entry);
      identity.catch(() => {
        if (kept.get(bayId) === entry) kept.delete(bayId);
      });
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return identity;
    },
    forget(bayId) {
      kept.delete(bayId);
    },
  };
}
