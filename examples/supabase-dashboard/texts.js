/** The words of the page, in Brazilian Portuguese and English, and how it writes times. */

const TEXTS = {
  "pt-BR": {
    title: "Painel ao vivo",
    language: "Idioma",
    figures: "Números de agora",
    signOut: "Sair",
    signInTitle: "Abrir o painel",
    signInHelp:
      "Cole uma chave de API ou o token de acesso de um usuário que pode ler os relatórios de todas as conversas. A chave fica só nesta aba.",
    key: "Chave de API ou token de acesso",
    openDashboard: "Abrir",
    openNow: "Conversas em aberto",
    conversationsToday: "Conversas iniciadas hoje",
    messagesToday: "Mensagens hoje",
    averageRating: "Avaliação média (30 dias)",
    hours: "Mensagens por hora, hoje",
    conversations: "Últimas conversas",
    messages: "Últimas mensagens",
    ratings: "Últimas avaliações",
    events: "Últimos eventos",
    empty: "Nada ainda.",
    resolvedToday: (count) => `${count} encerradas hoje`,
    fromCustomers: (count) => `${count} de clientes`,
    ratingCount: (count) => (count === 1 ? "1 avaliação" : `${count} avaliações`),
    messagesInHour: (hour, count) => `${hour}h: ${count} mensagens`,
    updated: (time) => `Atualizado às ${time}`,
    customer: "Cliente",
    company: "Provedor",
    unknownContact: "Sem nome",
    noText: "Mensagem sem texto neste espelho",
    file: "Arquivo",
    state: {
      off: "Desconectado",
      connecting: "Conectando…",
      live: "Ao vivo",
      lost: "Sem conexão, tentando de novo",
    },
    problem: {
      refused: "A chave não foi aceita. Confira se ela está inteira e se ainda vale.",
      forbidden: "Esta chave não pode ler os relatórios de todas as conversas.",
      unavailable: "O serviço não respondeu. Tente de novo em instantes.",
      unusable: "O provedor não tem um projeto do Supabase pronto para painéis.",
      library: "O arquivo supabase.js não foi encontrado. Rode npm ci na pasta desta página.",
    },
    status: {
      pending: "Com IA",
      waiting: "Em espera",
      open: "Em atendimento",
      snoozed: "Adiada",
      resolved: "Encerrada",
    },
    event: {
      conversation_resolved: "Conversa encerrada",
      conversation_reopened: "Conversa reaberta",
      conversation_assigned: "Conversa atribuída",
      conversation_transferred: "Conversa transferida",
      conversation_handed_off: "Encaminhada para a equipe",
    },
  },
  en: {
    title: "Live dashboard",
    language: "Language",
    figures: "Figures of now",
    signOut: "Sign out",
    signInTitle: "Open the dashboard",
    signInHelp:
      "Paste an API key, or the access token of a user who may read reports of all conversations. The key stays in this tab only.",
    key: "API key or access token",
    openDashboard: "Open",
    openNow: "Open conversations",
    conversationsToday: "Conversations begun today",
    messagesToday: "Messages today",
    averageRating: "Average rating (30 days)",
    hours: "Messages by hour, today",
    conversations: "Latest conversations",
    messages: "Latest messages",
    ratings: "Latest ratings",
    events: "Latest events",
    empty: "Nothing yet.",
    resolvedToday: (count) => `${count} resolved today`,
    fromCustomers: (count) => `${count} from customers`,
    ratingCount: (count) => (count === 1 ? "1 rating" : `${count} ratings`),
    messagesInHour: (hour, count) => `${hour}:00: ${count} messages`,
    updated: (time) => `Updated at ${time}`,
    customer: "Customer",
    company: "Provider",
    unknownContact: "No name",
    noText: "A message whose text is not mirrored",
    file: "File",
    state: {
      off: "Not connected",
      connecting: "Connecting…",
      live: "Live",
      lost: "No connection, trying again",
    },
    problem: {
      refused: "The key was not accepted. Check that it is complete and still valid.",
      forbidden: "This key may not read reports of all conversations.",
      unavailable: "The service did not answer. Try again in a moment.",
      unusable: "The provider has no Supabase project that is ready for dashboards.",
      library: "The file supabase.js was not found. Run npm ci in the folder of this page.",
    },
    status: {
      pending: "With the assistant",
      waiting: "Waiting",
      open: "With an agent",
      snoozed: "Snoozed",
      resolved: "Resolved",
    },
    event: {
      conversation_resolved: "Conversation resolved",
      conversation_reopened: "Conversation reopened",
      conversation_assigned: "Conversation assigned",
      conversation_transferred: "Conversation transferred",
      conversation_handed_off: "Handed off to the team",
    },
  },
};
const LANGUAGE_KEY = "supabase-dashboard-language";

let language = localStorage.getItem(LANGUAGE_KEY) in TEXTS ? localStorage.getItem(LANGUAGE_KEY) : "pt-BR";

/** The words of the chosen language. */
export const texts = () => TEXTS[language];

/** The chosen language, as `lang` takes it. */
export const currentLanguage = () => language;

/** Choose the language, for later visits too. */
export function chooseLanguage(chosen) {
  language = chosen;
  localStorage.setItem(LANGUAGE_KEY, chosen);
}

/** A number as people write it; `digits` after the decimal sign. */
export const formatNumber = (value, digits = 0) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** The time of a moment of today, else its day and time. */
export function formatMoment(moment) {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit" };
  return date.toLocaleString(language, isToday ? time : { day: "2-digit", month: "2-digit", ...time });
}
