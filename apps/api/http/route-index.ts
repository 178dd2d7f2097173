/** The routes of the running server: to tell a wrong method (405) from a wrong path (404). */
export class RouteIndex {
  private readonly routes: { readonly pattern: RegExp; readonly methods: Set<string> }[] = [];
  private readonly byPath = new Map<string, Set<string>>();

  add(path: string, methods: readonly string[]): void {
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
}
