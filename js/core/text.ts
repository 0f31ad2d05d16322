import { OciError } from "../errors.js";

/**
 * The text that an argument has to be. The core would trap on anything else, and give up whatever is in flight.
 *
 * @throws OciError `INVALID_ARGUMENT`
 */
export function text(name: string, value: unknown): string {
  if (typeof value !== "string") throw new OciError("INVALID_ARGUMENT", `${name} is not a string`);
  return value;
}

/** {@link text}, or nothing. */
export function optionalText(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : text(name, value);
}

/** The texts that an argument has to be a list of, or nothing. Throws an {@link OciError} `INVALID_ARGUMENT`. */
export function optionalTexts(name: string, value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new OciError("INVALID_ARGUMENT", `${name} is not an array of strings`);
  return value.map((item) => text(`an entry of ${name}`, item));
}
