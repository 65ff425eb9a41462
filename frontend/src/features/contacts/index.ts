export { ContactList, type ContactListProps } from "./components/contact-list";
