import "@/shared/api/early-user"; // first
import "@/shared/ui/tokens.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followSession } from "@/app/follow-session";
import { createAppRouter } from "@/app/router";
import { createQueryClient } from "@/shared/api/query-client";
import { rememberedLanguage, setLanguage, startI18n } from "@/shared/i18n/i18n";
import { keepInstallOffer } from "@/shared/push/install";
import { followSystemTheme } from "@/shared/ui/theme";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

startI18n();
followSystemTheme();
keepInstallOffer();
const queryClient = createQueryClient();
const router = createAppRouter(queryClient);
followSession(router, queryClient);

const language = rememberedLanguage();
if (language !== "pt-BR") await setLanguage(language).catch(() => undefined);

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
