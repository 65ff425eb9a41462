import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { IdentitySection } from "./account/identity-section";
import { PasswordSection } from "./account/password-section";
import { SecondFactorSection } from "./account/second-factor-section";
import { SessionsSection } from "./account/sessions-section";
import { NotificationsSection } from "./notices/notifications-section";
import { PushSection } from "./notices/push-section";
import { SoundsSection } from "./notices/sounds-section";
import { AppearanceSection } from "./screens/appearance-section";
import { CannedSection } from "./screens/canned-section";
import { PresenceSection } from "./screens/presence-section";

const SECTIONS = [
  { id: "dados", name: "identity", Section: IdentitySection },
  { id: "presenca", name: "presence", Section: PresenceSection, permission: "presence:write" },
  { id: "aparencia", name: "appearance", Section: AppearanceSection },
  { id: "respostas", name: "canned", Section: CannedSection, permission: "conversations:reply" },
  { id: "notificacoes", name: "notifications", Section: NotificationsSection },
  { id: "sons", name: "sounds", Section: SoundsSection },
  { id: "aparelho", name: "push", Section: PushSection },
  { id: "senha", name: "password", Section: PasswordSection },
  { id: "duas-etapas", name: "second_factor", Section: SecondFactorSection },
  { id: "sessoes", name: "sessions", Section: SessionsSection },
] as const;

/** What a user sets for oneself. `onSignedOut` is called after signing out of all devices. */
export function Profile({ onSignedOut }: { onSignedOut: () => void }) {
  const { t } = useTranslation("profile");
  const user = useCurrentUser();
  const shown = SECTIONS.filter((each) => !("permission" in each) || may(user, each.permission));
  return (
    <div className="min-h-0 flex-1 overflow-y-auto scroll-smooth">
      <div className="mx-auto flex max-w-[960px] gap-8 px-4 py-6 md:px-8">
        <nav
          aria-label={t("title")}
          className="sticky top-6 hidden w-52 shrink-0 self-start lg:block"
        >
          <ul className="flex flex-col">
            {shown.map(({ id, name }) => (
              <li key={id}>
                <a
                  href={`#${id}`}
                  className="flex min-h-8 items-center rounded-control px-2 text-list text-text-2 hover:bg-hover hover:text-text"
                >
                  {t(`sections.${name}`)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="flex min-w-0 max-w-[640px] flex-1 flex-col gap-8">
          <h1 className="font-semibold text-heading">{t("title")}</h1>
          {shown.map(({ id, name, Section }) => (
            <section
              key={id}
              id={id}
              aria-labelledby={`${id}-title`}
              className="flex scroll-mt-6 flex-col gap-4 border-divider border-t pt-6"
            >
              <h2 id={`${id}-title`} className="font-semibold text-title">
                {t(`sections.${name}`)}
              </h2>
              <Section onSignedOut={onSignedOut} />
            </section>
          ))}
        </div>
      </div>
    </div>
  );
}
