import {
  type NotificationKinds,
  usePreferences,
  useUpdatePreferences,
} from "@/shared/api/preferences";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { Switch } from "@/shared/ui/form/switch";

const KINDS = ["new_message", "assignment", "mention", "new_conversation"] as const;
type Place = "in_page" | "push";

/** Which events notify, inside the page and on this or another device. */
export function NotificationsSection() {
  const { t } = useTranslation("profile");
  const { notifications } = usePreferences();
  const { mutate } = useUpdatePreferences();
  const set = (place: Place, kind: keyof NotificationKinds, on: boolean) =>
    mutate((current) => ({
      ...current,
      notifications: {
        ...current.notifications,
        [place]: { ...current.notifications[place], [kind]: on },
      },
    }));
  const box = (place: Place, kind: keyof NotificationKinds) => (
    <Checkbox
      aria-label={`${t(`kinds.${kind}`)}: ${t(`notifications.${place}`)}`}
      checked={notifications[place][kind]}
      onCheckedChange={(checked) => set(place, kind, checked === true)}
    />
  );
  return (
    <>
      <table className="w-full text-list">
        <thead>
          <tr className="border-divider border-b text-left text-meta text-text-3">
            <td className="py-2" />
            <th scope="col" className="w-24 py-2 text-center font-medium">
              {t("notifications.in_page")}
            </th>
            <th scope="col" className="w-24 py-2 text-center font-medium">
              {t("notifications.push")}
            </th>
          </tr>
        </thead>
        <tbody>
          {KINDS.map((kind) => (
            <tr key={kind} className="border-divider border-b">
              <th scope="row" className="py-2 pr-4 text-left font-normal">
                {t(`kinds.${kind}`)}
                <span className="block text-meta text-text-3">{t(`kinds.${kind}_hint`)}</span>
              </th>
              <td className="text-center">{box("in_page", kind)}</td>
              <td className="text-center">{box("push", kind)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Switch
        label={t("notifications.hide_text")}
        hint={t("notifications.hide_text_hint")}
        checked={notifications.hide_text}
        onCheckedChange={(hide_text) =>
          mutate((current) => ({
            ...current,
            notifications: { ...current.notifications, hide_text },
          }))
        }
      />
    </>
  );
}
