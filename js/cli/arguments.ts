import { InvalidArgumentError } from "commander";

/** A whole number that an option has to be. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It has to be a whole number.");
  return Number(text);
}

/** What an unset variable of a script leaves is not one for which there are no rules. */
export function mediaType(text: string): string {
  if (!text.includes("/")) throw new InvalidArgumentError("It has to be a media type.");
  return text;
}

/** Gathers the values of an option that can be given several times. */
export function gathered(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}
