import { DisplaySamples } from "./display-samples";
import { FeedbackSamples } from "./feedback-samples";
import { FormSamples } from "./form-samples";
import { ListSamples } from "./list-samples";
import { OverlaySamples } from "./overlay-samples";

/** All components in both themes side by side. In development only; its texts need no translation. */
export function DesignPage() {
  return (
    <main className="grid h-full grid-cols-1 overflow-y-auto lg:grid-cols-2">
      {(["light", "dark"] as const).map((theme) => (
        <section
          key={theme}
          data-theme={theme}
          aria-label={theme}
          className="flex min-w-0 flex-col gap-8 bg-page p-6 text-text"
        >
          <h1 className="font-semibold text-heading">{theme}</h1>
          <FormSamples />
          <DisplaySamples />
          <OverlaySamples />
          <FeedbackSamples />
          <ListSamples />
        </section>
      ))}
    </main>
  );
}
