import { useState } from "react";
import { Pane, Panes } from "@/shared/ui/list/panes";
import { VirtualList } from "@/shared/ui/list/virtual-list";
import { SampleGroup } from "./sample";

const IDS = Array.from({ length: 50_000 }, (_, index) => `row-${index}`);

export function ListSamples() {
  const [current, setCurrent] = useState<string | null>("row-2");
  return (
    <SampleGroup title="Listas e painéis">
      <div className="flex h-64 border border-divider">
        <Panes name="design">
          <Pane id="list" size={240} min={160} max={320}>
            <VirtualList
              label="50.000 linhas"
              ids={IDS}
              rowHeight={40}
              currentId={current}
              onActivate={setCurrent}
              renderRow={(id) => (
                <div
                  className={`flex h-full items-center px-3 ${id === current ? "bg-selected" : "hover:bg-hover"}`}
                >
                  {id}
                </div>
              )}
            />
          </Pane>
          <Pane id="rest">
            <p className="p-4 text-text-2">{current}</p>
          </Pane>
        </Panes>
      </div>
    </SampleGroup>
  );
}
