import { api } from "../api/client";
import { describeError } from "../api/describe-error";
import { useTranslation } from "../i18n/use-translation";
import { useDownload } from "../metrics/download";
import { type BehindRequest, behindParameters } from "../metrics/report-queries";
import { toast } from "../ui/feedback/toaster";
import { type ExportFormat, isTooLarge, useRequestExport } from "./queries";

/**
 * The conversations behind a value as a file. CSV is streamed; a workbook, and more than can be
 * streamed, is made in the background.
 */
export function useConversationExport(behind: BehindRequest) {
  const { t, language } = useTranslation("metrics");
  const download = useDownload();
  const request = useRequestExport();
  const { from, to } = behind.range;
  const lang = language === "en" ? "en" : "pt";
  const requestFile = (fileFormat: ExportFormat) =>
    request.mutate(
      { behind, file_format: fileFormat, language: lang },
      {
        onSuccess: () =>
          toast.info(t("exports.requested"), { description: t("exports.requested_hint") }),
        onError: (error) =>
          toast.error(t("exports.not_requested"), { description: describeError(error, t) }),
      },
    );
  const startCsv = () =>
    download.start(
      `${t("behind.file")}-${from.slice(0, 10)}-${to.slice(0, 10)}.csv`,
      (signal) =>
        api.GET("/reports/export/conversations", {
          params: { query: { ...behindParameters(behind), lang } },
          parseAs: "stream",
          signal,
        }),
      (error) => {
        if (!isTooLarge(error)) return false;
        requestFile("csv");
        return true;
      },
    );
  return { download, startCsv, requestWorkbook: () => requestFile("xlsx") };
}
