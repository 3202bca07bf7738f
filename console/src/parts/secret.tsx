/** Secret that is shown once. */
export function Secret({ title, secret }: { readonly title: string; readonly secret: string }) {
  return (
    <div role="status">
      <p>{title}. It is shown only now: store it like a password.</p>
      <pre class="command">{secret}</pre>
    </div>
  );
}
