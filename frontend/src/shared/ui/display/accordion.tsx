import { ChevronRight } from "lucide-react";
import * as Radix from "radix-ui/accordion";
import type { ReactNode } from "react";

export interface AccordionSection {
  id: string;
  title: ReactNode;
  /** Stands at the end of the heading: a count, a mark. */
  end?: ReactNode;
  content: ReactNode;
}

export interface AccordionProps {
  sections: readonly AccordionSection[];
  open: readonly string[];
  onOpenChange: (open: string[]) => void;
  headingLevel?: 2 | 3 | 4;
}

/** Sections that open and close; the caller remembers which are open. */
export function Accordion({ sections, open, onOpenChange, headingLevel = 3 }: AccordionProps) {
  const Heading = `h${headingLevel}` as const;
  return (
    <Radix.Root type="multiple" value={[...open]} onValueChange={onOpenChange}>
      {sections.map((section) => (
        <Radix.Item key={section.id} value={section.id} className="border-divider border-b">
          <Radix.Header asChild>
            <Heading>
              <Radix.Trigger className="focus-inset group flex h-10 w-full items-center gap-2 px-4 text-left font-semibold text-list hover:bg-hover">
                <ChevronRight
                  aria-hidden
                  className="size-4 text-text-3 transition-transform group-data-[state=open]:rotate-90"
                />
                <span className="min-w-0 flex-1 truncate">{section.title}</span>
                {section.end}
              </Radix.Trigger>
            </Heading>
          </Radix.Header>
          <Radix.Content className="px-4 pb-4">{section.content}</Radix.Content>
        </Radix.Item>
      ))}
    </Radix.Root>
  );
}
