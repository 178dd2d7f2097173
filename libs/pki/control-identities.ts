/**
 * Certificates with which the control plane itself speaks to bays: short-lived, in memory only, used again until half
 * their life is over. A key that is never written down needs no revocation.
 */
import {
  AUTHORITY_PURPOSES,
  type AuthorityOwner,
  type AuthorityPurpose,
  type BayAuthorities,
} from './bay-authorities.js';
import { createKeyAndCertificate, type LeafProfile } from './certificate.js';

/** The control plane's common name towards bays; no tenant gets a certificate of this name. */
export const CONTROL_PLANE_NAME = 'baykeeper';

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
  /** @param profile the engine's client certificate for {@link CONTROL_PLANE_NAME}; its days are not used */
  forBay(bay: AuthorityOwner, profile: LeafProfile, purpose?: AuthorityPurpose): Promise<ControlIdentity>;
  /** The bay is gone or its authority was rotated. */
  forget(bayId: string): void;
}

export function openControlIdentities(options: {
  authorities: Pick<BayAuthorities, 'ensureSigning'>;
  now?: () => Date;
}): ControlIdentities {
  const now = options.now ?? (() => new Date());
  const kept = new Map<string, { readonly usedUntil: number; readonly identity: Promise<ControlIdentity> }>();

  async function make(bay: AuthorityOwner, profile: LeafProfile, purpose: AuthorityPurpose): Promise<ControlIdentity> {
    const authority = await options.authorities.ensureSigning(bay, purpose);
    const made = await createKeyAndCertificate({
      authority,
      profile,
      lifetimeSeconds: LIFETIME_SECONDS,
      now: now(),
    });
    return { ca: authority.certificatePem, certificate: made.certificatePem, key: made.privateKeyPem };
  }

  return {
    forBay(bay, profile, purpose = 'cluster') {
      const id = keyOf(bay.id, purpose);
      const time = now().getTime();
      const known = kept.get(id);
      if (known !== undefined && time < known.usedUntil) return known.identity;
      const identity = make(bay, profile, purpose);
      const entry = { usedUntil: time + (LIFETIME_SECONDS * 1_000) / 2, identity };
      kept.delete(id);
      kept.set(id, entry);
      identity.catch(() => {
        if (kept.get(id) === entry) kept.delete(id);
      });
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return identity;
    },
    forget(bayId) {
      for (const purpose of AUTHORITY_PURPOSES) kept.delete(keyOf(bayId, purpose));
    },
  };
}

function keyOf(bayId: string, purpose: AuthorityPurpose): string {
  return `${bayId} ${purpose}`;
}
