// Only what Biome cannot check: which part of the source may import which. `app` joins the features,
// a feature imports no other feature, and `shared` imports neither.
import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

const element = (type, more) => ({ element: { type, ...more } });
const allow = (from, to) => ({ from: element(from), allow: { to: element(to) } });

export default tseslint.config({
  files: ["src/**/*.{ts,tsx}"],
  languageOptions: { parser: tseslint.parser },
  linterOptions: { reportUnusedDisableDirectives: "off" },
  plugins: { boundaries },
  settings: {
    "import/resolver": { typescript: { project: "./tsconfig.json" } },
    "boundaries/elements": [
      { type: "app", pattern: "src/app" },
      { type: "feature", pattern: "src/features/*", capture: ["feature"] },
      { type: "shared", pattern: "src/shared/*", capture: ["part"] },
      { type: "testing", pattern: "src/testing" },
    ],
  },
  rules: {
    "boundaries/dependencies": [
      "error",
      {
        default: "disallow",
        policies: [
          allow("app", ["app", "feature", "shared", "testing"]),
          allow("feature", ["shared", "testing"]),
          {
            from: element("feature"),
            allow: {
              to: element("feature", {
                captured: { feature: "{{from.element.captured.feature}}" },
              }),
            },
          },
          allow("shared", ["shared", "testing"]),
          allow("testing", ["shared", "testing"]),
        ],
      },
    ],
  },
});
