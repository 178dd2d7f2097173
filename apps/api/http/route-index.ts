/** Nodes are no clients of Magnum's: their paths have one form. */
const NOT_UNVERSIONED = new Set(['nodes']);

/** The routes of the running server: to tell a wrong method (405) from a wrong path (404), and the two forms of a path. */
export class RouteIndex {
  /** First steps below `/v1`. */
  private readonly collections = new Set<string>();
  private readonly routes: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];
  private readonly byPath = new Map<string, Set<string>>();

  add(path: string, methods: readonly string[]): void {
    const [, version, collection] = path.split('/');
    if (version === 'v1' && collection !== undefined && !NOT_UNVERSIONED.has(collection)) {
      this.collections.add(collection);
    }
    const known = this.byPath.get(path);
    if (known) {
      for (const method of methods) known.add(method);
      return;
    }
    const segments = path
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    const added = new Set(methods);
    this.byPath.set(path, added);
    this.routes.push({ pattern: new RegExp(`^${segments.join('/')}/?$`), methods: added });
  }

  /** Methods that exist at the path of `url`; none when there is no such path. */
  methodsAt(url: string): readonly string[] {
    const path = url.split('?', 1)[0] ?? '';
    const found = this.routes.filter((route) => route.pattern.test(path)).flatMap((route) => [...route.methods]);
    return [...new Set(found)].sort();
  }

  /** Whether something is below this first step of a path, though nothing may be at it. */
  isCollection(url: string): boolean {
    const [, name] = /^\/v1\/([^/?]+)\/?(?:\?|$)/.exec(url) ?? [];
    return name !== undefined && this.collections.has(name);
  }

  /** Whether a method that is missing at `url` exists for the members of what is there. */
  isCollectionOf(url: string, method: string): boolean {
    const path = (url.split('?', 1)[0] ?? '').replace(/\/$/, '');
    return this.methodsAt(`${path}/x`).includes(method);
  }

  /** Whether `url` is one step below something that has nothing below it. */
  isBelowLeaf(url: string): boolean {
    const [, parent] = /^(\/v1\/[^/?]+)\/[^/?]+\/?(?:\?|$)/.exec(url) ?? [];
    if (parent === undefined || !this.byPath.has(parent)) return false;
    return [...this.byPath.keys()].every((path) => !path.startsWith(`${parent}/`));
  }

  /** Whether `url`, somewhere below a collection, lacks its last step. */
  lacksStep(url: string, method: string): boolean {
    return url.startsWith('/v1/') && !this.isCollection(url) && this.isCollectionOf(url, method);
  }

  /** The path as it is known here, with `/v1`: Magnum serves its collections without it too, and `bookmark` links rely on that. */
  versioned(url: string): string {
    const known = withoutNeedlessEscapes(url);
    const [, first = ''] = /^\/([^/?]*)/.exec(known) ?? [];
    return this.collections.has(first) ? `/v1${known}` : known;
  }
}

/**
 * Letters, digits and `-._~` mean the same escaped or not (RFC 3986, 6.2.2.2). The router takes both, so whatever else
 * looks at a path, the access rules of application credentials above all, must see one form.
 */
function withoutNeedlessEscapes(url: string): string {
  if (!url.includes('%')) return url;
  const [path = '', ...query] = url.split('?');
  // What is no escape could become the beginning of one: such a path is left for the router to refuse.
  if (/%(?![0-9a-f]{2})/i.test(path)) return url;
  const plain = path.replace(/%[2-7][0-9a-f]/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape;
  });
  return [plain, ...query].join('?');
}
