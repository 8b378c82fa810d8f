/*
 * pam_kennel: a person signs in with a FIDO2 security key, through `kennel agent`.
 *
 *   auth     [success=done ignore=ignore authinfo_unavail=ignore default=die]  pam_kennel.so
 *   session  optional  pam_kennel.so
 *
 * This module asks for the PIN and shows what the agent says; everything else is the agent's (docs/linux-sign-in.md has
 * its protocol). It never asks for a password, reads no file, and makes none. Where no agent answers, the device is not
 * joined or the user is nobody of the tenant's, it is as if it were not there: PAM_IGNORE, before any question.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#define PAM_SM_SESSION
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#define DEFAULT_SOCKET "/run/kennel/agent.sock"
#define CCACHE_DATA "kennel_ccache"
#define LONGEST_LINE 1001 /* bytes, its end among them: as the agent's LONGEST_LINE */
#define LINES_AT_MOST 32
#define SECONDS_AT_MOST 200 /* more than the agent allows for a PIN and a touch */

#define API __attribute__((visibility("default")))
#define UNUSED __attribute__((unused))

/* What the agent said: lines, of which one is held at a time. */
struct agent {
    FILE *stream;
    char line[LONGEST_LINE + 1];
};

static const char *socket_path(int argc, const char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "socket=", 7) == 0)
            return argv[i] + 7;
    return DEFAULT_SOCKET;
}

/* Connects to an agent that root runs (or this user, where the module is not root). */
static int connect_agent(struct agent *agent, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = SECONDS_AT_MOST};
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd;

    if (strlen(path) >= sizeof address.sun_path || (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && size == sizeof peer &&
        (peer.uid == 0 || peer.uid == geteuid()) &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        (agent->stream = fdopen(fd, "r")) != NULL)
        return 0;
    close(fd);
    return -1;
}

/* Sends "word text" past the stream, which would keep it; what would be another line, or too long, is not sent. */
static int send_line(struct agent *agent, const char *word, const char *text)
{
    char line[LONGEST_LINE];
    int length = snprintf(line, sizeof line, "%s %s\n", word, text);
    int sent = -1;

    if (length > 0 && (size_t)length < sizeof line && strchr(text, '\n') == NULL &&
        send(fileno(agent->stream), line, (size_t)length, MSG_NOSIGNAL) == length)
        sent = 0;
    explicit_bzero(line, sizeof line);
    return sent;
}

/* The next line without its end; NULL where it ends, takes too long, is too long or is not plain text. */
static char *read_line(struct agent *agent)
{
    char *end;

    if (fgets(agent->line, sizeof agent->line, agent->stream) == NULL)
        return NULL;
    for (end = agent->line; (unsigned char)*end >= 0x20 && *end != 0x7f; end++)
        ;
    if (*end != '\n') /* a zero is a control character, or there was no room for the end */
        return NULL;
    *end = '\0';
    return agent->line;
}

/* Whether a line begins with a word; `text` is then what follows it. */
static int is(char *line, const char *word, const char **text)
{
    size_t length = strlen(word);
    if (strncmp(line, word, length) != 0 || (line[length] != ' ' && line[length] != '\0'))
        return 0;
    *text = line[length] == ' ' ? line + length + 1 : line + length;
    return 1;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

static int ask_pin(pam_handle_t *pamh, struct agent *agent, const char *prompt)
{
    char *pin = NULL;
    int sent = -1;

    if (pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, &pin, "%s: ", prompt) == PAM_SUCCESS && pin != NULL && *pin != '\0')
        sent = send_line(agent, "pin", pin);
    wipe(pin);
    return sent;
}

static void drop_ccache(UNUSED pam_handle_t *pamh, void *data, UNUSED int status)
{
    free(data);
}

static int keep_ccache(pam_handle_t *pamh, const char *name)
{
    char *setting = NULL;

    if (strncmp(name, "FILE:/", 6) != 0 || asprintf(&setting, "KRB5CCNAME=%s", name) < 0)
        return PAM_SYSTEM_ERR;
    if (pam_set_data(pamh, CCACHE_DATA, setting, drop_ccache) == PAM_SUCCESS)
        return PAM_SUCCESS;
    free(setting);
    return PAM_SYSTEM_ERR;
}

/* Where this module signed the user in: the programs of the session find the tickets. */
static int set_environment(pam_handle_t *pamh)
{
    const void *setting;

    if (pam_get_data(pamh, CCACHE_DATA, &setting) != PAM_SUCCESS || setting == NULL)
        return PAM_IGNORE;
    return *(const char *)setting == '\0' ? PAM_SUCCESS : pam_putenv(pamh, setting);
}

static int converse(pam_handle_t *pamh, struct agent *agent, const char *user)
{
    int asked = 0;
    const char *text;
    char *line;

    if (send_line(agent, "signin", user) != 0)
        return PAM_IGNORE;
    for (int lines = 0; lines < LINES_AT_MOST && (line = read_line(agent)) != NULL; lines++) {
        if (is(line, "ignore", &text) && !asked)
            return PAM_IGNORE;
        if (is(line, "pin", &text) && !asked) {
            asked = 1;
            if (ask_pin(pamh, agent, text) != 0)
                return PAM_AUTH_ERR;
        } else if (is(line, "touch", &text) || is(line, "info", &text)) {
            pam_info(pamh, "%s", text);
        } else if (is(line, "ccache", &text) && asked) {
            if (keep_ccache(pamh, text) != PAM_SUCCESS)
                return PAM_SYSTEM_ERR;
        } else if (is(line, "ok", &text) && asked) {
            pam_syslog(pamh, LOG_INFO, "%s signed in as %s", user, text);
            return set_environment(pamh) == PAM_IGNORE ? pam_set_data(pamh, CCACHE_DATA, calloc(1, 1), drop_ccache)
                                                       : PAM_SUCCESS;
        } else if (is(line, "unavailable", &text) || is(line, "failed", &text)) {
            const char *words = strchr(text, ' '); /* behind the code */
            int ended = line[0] == 'u' ? PAM_AUTHINFO_UNAVAIL : PAM_AUTH_ERR;
            pam_syslog(pamh, LOG_NOTICE, "%s was refused: %s", user, text);
            pam_error(pamh, "%s", words != NULL ? words + 1 : text);
            return ended;
        } else {
            break;
        }
    }
    pam_syslog(pamh, LOG_ERR, "the agent's answer makes no sense");
    return asked ? PAM_AUTH_ERR : PAM_AUTHINFO_UNAVAIL;
}

API int pam_sm_authenticate(pam_handle_t *pamh, UNUSED int flags, int argc, const char **argv)
{
    struct agent agent;
    const char *user = NULL;
    int result = PAM_IGNORE;

    if (connect_agent(&agent, socket_path(argc, argv)) != 0)
        return PAM_IGNORE;
    pam_set_data(pamh, CCACHE_DATA, NULL, NULL); /* of an attempt before this one */
    if (pam_get_user(pamh, &user, NULL) == PAM_SUCCESS && user != NULL)
        result = converse(pamh, &agent, user);
    fclose(agent.stream);
    return result;
}

API int pam_sm_setcred(pam_handle_t *pamh, int flags, UNUSED int argc, UNUSED const char **argv)
{
    return ((unsigned int)flags & PAM_DELETE_CRED) != 0 ? PAM_IGNORE : set_environment(pamh);
}

API int pam_sm_open_session(pam_handle_t *pamh, UNUSED int flags, UNUSED int argc, UNUSED const char **argv)
{
    return set_environment(pamh);
}

/* Tickets and token end by themselves, or with `kennel signout`. */
API int pam_sm_close_session(UNUSED pam_handle_t *pamh, UNUSED int flags, UNUSED int argc, UNUSED const char **argv)
{
    return PAM_IGNORE;
}

/* Who may sign in, the agent has asked the tenant; the rest of the account is the other modules'. */
API int pam_sm_acct_mgmt(UNUSED pam_handle_t *pamh, UNUSED int flags, UNUSED int argc, UNUSED const char **argv)
{
    return PAM_IGNORE;
}
