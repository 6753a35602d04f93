export const diagnosisFormats = ['table', 'wide', 'json', 'yaml', 'markdown'] as const;
export type DiagnosisFormat = (typeof diagnosisFormats)[number];
