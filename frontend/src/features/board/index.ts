export { Board, type BoardProps } from "./components/board";
