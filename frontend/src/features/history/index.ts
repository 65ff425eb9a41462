export { HistorySlider, type HistorySliderProps } from "./history-slider";
