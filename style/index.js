import './tokens.css';
import './layout.css';
import './status.css';
import './messages.css';
