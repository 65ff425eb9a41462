import { useQuery } from "@tanstack/react-query";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { ordersQuery } from "../queries";

/** Open service orders, with the day of the visit. */
export function OrderList({ contactId, contractId }: { contactId: string; contractId: string }) {
  const { t } = useTranslation("subscriber");
  const format = useFormat();
  const { data } = useQuery(ordersQuery(contactId, contractId));
  if (!data?.supported) return null;
  const open = data.items.filter((each) => each.open);
  return (
    <section aria-label={t("orders.title")}>
      <h4 className="font-semibold text-list">{t("orders.title")}</h4>
      {open.length === 0 && <p className="text-list text-text-3">{t("orders.none")}</p>}
      <ul>
        {open.map((order) => (
          <li key={order.number} className="border-divider border-b py-1.5 last:border-0">
            <p className="flex justify-between text-list">
              <span className="font-medium tabular-nums">{order.number}</span>
              <span className="text-text-2">
                {order.scheduled_for &&
                  t("orders.scheduled", {
                    at: order.scheduled_day_only
                      ? format.date(order.scheduled_for)
                      : format.dateTime(order.scheduled_for),
                  })}
              </span>
            </p>
            {order.content && <p className="line-clamp-2 text-meta text-text-3">{order.content}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
