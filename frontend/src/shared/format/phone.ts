/** "5581988887777" → "+55 81 98888-7777"; numbers of other countries keep their digits. */
export function formatPhone(phone: string): string {
  const digits = phone.replace(/\D/g, "");
  const brazilian = digits.match(/^55(\d{2})(\d{4,5})(\d{4})$/);
  if (brazilian) return `+55 ${brazilian[1]} ${brazilian[2]}-${brazilian[3]}`;
  return digits.length >= 8 ? `+${digits}` : phone;
}

const LOCAL = /^[1-9]\d(?:[2-9]\d{7}|9\d{8})$/;

/**
 * The digits of a complete number with country code, as a person typed it: with `+` of any country, or
 * else Brazilian. Null if it is neither. The same rule is in `domain/phone.py`.
 */
export function dialledPhone(written: string): string | null {
  const digits = written.replace(/[\s().+/-]/g, "");
  if (!/^\d+$/.test(digits)) return null;
  if (written.trim().startsWith("+") && !digits.startsWith("55")) {
    return /^[1-9]\d{7,14}$/.test(digits) ? digits : null;
  }
  const national = digits.replace(/^0+/, "");
  if (LOCAL.test(national)) return withNinthDigit(`55${national}`);
  const local = national.replace(/^55/, "");
  return LOCAL.test(local) ? withNinthDigit(`55${local}`) : null;
}

/** Brazilian mobile numbers got a leading 9 in 2016. */
function withNinthDigit(digits: string): string {
  return digits.replace(/^55([1-9]\d)([6-9]\d{7})$/, "55$19$2");
}
