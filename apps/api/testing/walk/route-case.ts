/** What the walk through all routes has to know of one of them: who may, and how to ask. */
import type { AccessKind } from '../../access/access-rules.js';
import type { Idents, ResourceName } from './resources.js';

export interface RouteCase {
  /** Who may, at least. Written down here a second time, so that a slip in the table of rules is noticed. */
  readonly who: AccessKind;
  /** The status for whoever may. */
  readonly ok: number;
  /** What the path names: it is made anew in the own and in another project. */
  readonly about?: ResourceName;
  /** What the body or the query names. */
  readonly refersTo?: ResourceName;
  readonly body?: (refersTo: Idents) => unknown;
  /** Without the question mark. */
  readonly query?: (refersTo: Idents) => string;
  /** The status when there is no such thing; 404 unless said. */
  readonly absent?: number;
  /** Whoever runs the installation sees no other project's things here either. */
  readonly isOwnOnly?: boolean;
  /** What it is about belongs to no project: there is no other project's. */
  readonly isEverybodys?: boolean;
  /** The path's parameters, where they name no tenant's thing. */
  readonly parameters?: Idents;
}

/** `GET /v1/bays/{ident}` and the like, as the OpenAPI document has them. */
export type RouteCases = Readonly<Record<string, RouteCase>>;
