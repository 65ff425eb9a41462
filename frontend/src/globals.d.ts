/** Set by vite.config.ts. */
declare const __EMOJI_FOLDER__: string;
