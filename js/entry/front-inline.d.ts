/** The front module's bytes in base64. The build writes the code behind this declaration, from `pkg/front`. */
export declare const base64: string;
