import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";

/** changed: somebody has saved another version; gone: the response was deleted meanwhile. */
export type SaveProblem = "changed" | "gone" | { error: unknown };

interface SaveProblemBannerProps {
  problem: SaveProblem;
  onReload: () => void;
  onCreate: () => void;
}

/** Why a response was not saved, and what can be done about it. */
export function SaveProblemBanner({ problem, onReload, onCreate }: SaveProblemBannerProps) {
  const { t } = useTranslation("canned");
  const common = { live: true, className: "mb-3 rounded-control" };
  if (problem === "changed" || problem === "gone") {
    const isChanged = problem === "changed";
    const act = (
      <Button size="small" onClick={isChanged ? onReload : onCreate}>
        {isChanged ? t("conflict.reload") : t("gone.again")}
      </Button>
    );
    return (
      <Banner {...common} tone="warn" actions={act}>
        {isChanged ? t("conflict.text") : t("gone.text")}
      </Banner>
    );
  }
  const { error } = problem;
  const isFull = error instanceof ApiError && error.code === "too_many_responses";
  return (
    <Banner {...common} tone="danger">
      {isFull ? t("problems.too_many_responses") : describeError(error, t)}
    </Banner>
  );
}
