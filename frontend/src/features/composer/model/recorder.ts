const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const BITS_PER_SECOND = 32_000;
/** WhatsApp plays longer ones, but nobody listens to them. */
export const MAX_RECORDING_S = 300;

/** True for the file of a recording, which is sent as a voice note. */
export const isRecording = (file: File) => /^voz\.(ogg|webm|mp4)$/.test(file.name);

export function canRecord(): boolean {
  return typeof MediaRecorder !== "undefined" && !!navigator.mediaDevices?.getUserMedia;
}

export interface Recording {
  /** Ends the recording and gives the file. The server makes a voice note of it. */
  finish(): Promise<File>;
  cancel(): void;
}

/** Starts to record the microphone. Throws `DOMException` if the user or the browser forbids it. */
export async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
  });
  const mimeType = TYPES.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, {
    audioBitsPerSecond: BITS_PER_SECOND,
    ...(mimeType ? { mimeType } : {}),
  });
  const chunks: Blob[] = [];
  recorder.ondataavailable = (event) => chunks.push(event.data);
  const stopped = new Promise<void>((resolve) => {
    recorder.onstop = () => resolve();
  });
  const release = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  recorder.start();
  return {
    async finish() {
      recorder.stop();
      await stopped;
      release();
      const type = recorder.mimeType.split(";")[0] || "audio/webm";
      return new File(chunks, `voz.${type.split("/")[1]}`, { type });
    },
    cancel() {
      if (recorder.state !== "inactive") recorder.stop();
      release();
    },
  };
}
