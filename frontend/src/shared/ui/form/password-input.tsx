import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import { IconButton } from "../icon-button";
import { Input } from "./input";

/** A password that its owner can look at. */
export function PasswordInput({ className, ...rest }: Omit<ComponentProps<"input">, "type">) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  return (
    <div className="relative">
      <Input
        type={isShown ? "text" : "password"}
        autoCapitalize="none"
        spellCheck={false}
        className={cn("pr-10", className)}
        {...rest}
      />
      <IconButton
        label={isShown ? t("password.hide") : t("password.show")}
        size="small"
        className="absolute top-1/2 right-1.5 -translate-y-1/2"
        onClick={() => setShown(!isShown)}
      >
        {isShown ? <EyeOff /> : <Eye />}
      </IconButton>
    </div>
  );
}
