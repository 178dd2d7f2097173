import { useSession } from '../session/session-context.js';

/** Where a page stands for what the other identity service keeps. */
export function ManagedElsewhere({ title }: { readonly title: string }) {
  const { identity_url: url } = useSession();
  return (
    <>
      <h1>{title}</h1>
      <p>
        This installation works with the Keystone at <code>{url}</code>: projects, users, roles and application
        credentials are kept there. Use its own tools, such as <code>openstack</code>.
      </p>
    </>
  );
}
