export const PASSWORD_MIN_LENGTH = 10;
const PASSWORD_MAX_LENGTH = 256;

/** True if the server would refuse the password. The same rule is in `identity/login/passwords.py`. */
export function passwordProblem(password: string): boolean {
  const length = [...password].length;
  const isPrintable = !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u.test(password);
  return length < PASSWORD_MIN_LENGTH || length > PASSWORD_MAX_LENGTH || !isPrintable;
}
