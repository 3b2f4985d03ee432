/* Keep-alive connections to one HTTP server, each with at most one request under way. One on which
 * the server says `connection: close` is opened anew after that answer, as is one that has carried
 * `reuse` requests (0: however many): clients come and go, and a new replica gets only new ones. */
#include <stddef.h>
#include <stdint.h>

struct request {
    char *data;
    size_t length;
};

/* Called with the request's number as it was sent, its status (0 where no whole answer came) and
 * whether its body held the string that was looked for. */
typedef void (*answered)(size_t number, uint16_t status, int matched);

void client_open(const char *host, const char *port, size_t connections, size_t reuse,
                 answered on_answer);
void client_look_for(const char *string); /* in the body of every answer; before client_open */
int client_has_idle(void); /* takes them in turn, so that load spreads over a server's workers */
void client_send(const struct request *request, size_t number);
void client_wait(int64_t us); /* handles what happens, for at most so long */
size_t client_busy(void);
unsigned long client_connect_failures(void);

void fail(const char *what);
int64_t now_us(void);
