/** The heading of a page before the sign-in. */
export function AuthHeading({ title, text }: { title: string; text?: string }) {
  return (
    <div className="flex flex-col gap-1">
      <h1 className="font-semibold text-heading">{title}</h1>
      {text && <p className="text-body text-text-2">{text}</p>}
    </div>
  );
}
