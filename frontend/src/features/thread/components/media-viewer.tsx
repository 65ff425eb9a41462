import { useQueries } from "@tanstack/react-query";
import Lightbox from "yet-another-react-lightbox";
import Zoom from "yet-another-react-lightbox/plugins/zoom";
import "yet-another-react-lightbox/styles.css";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { fileUrlQuery } from "../queries";

export interface ViewerImage {
  conversationId: string;
  message: Message;
}

/** All pictures of the thread, one at a time. Only the addresses around the open one are fetched. */
export default function MediaViewer({
  images,
  index,
  onIndex,
  onClose,
}: {
  images: readonly ViewerImage[];
  index: number;
  onIndex: (index: number) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation("thread");
  const urls = useQueries({
    queries: images.map(({ conversationId, message }, at) => ({
      ...fileUrlQuery(conversationId, message.id),
      enabled: Math.abs(at - index) <= 1,
    })),
  });
  const slides = images.map(({ message }, at) => ({
    src: urls[at]?.data?.url ?? "",
    alt: message.text || t("image.alt"),
  }));
  return (
    <Lightbox
      open
      index={index}
      slides={slides}
      plugins={[Zoom]}
      close={onClose}
      on={{ view: ({ index: at }) => onIndex(at) }}
      carousel={{ finite: true, preload: 1 }}
      labels={{
        Previous: t("viewer.previous"),
        Next: t("viewer.next"),
        Close: t("shared:actions.close"),
        "Zoom in": t("viewer.zoom_in"),
        "Zoom out": t("viewer.zoom_out"),
      }}
    />
  );
}
