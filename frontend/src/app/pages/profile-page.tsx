import { useNavigate } from "@tanstack/react-router";
import { Profile } from "@/features/profile/profile";

export function ProfilePage() {
  const navigate = useNavigate();
  return (
    <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
      <Profile onSignedOut={() => void navigate({ to: "/entrar", search: { motivo: "saiu" } })} />
    </main>
  );
}
