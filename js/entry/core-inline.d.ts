/** The core module's bytes in base64. The build writes the code behind this declaration, from `pkg/core`. */
export declare const base64: string;
