#include "cli/line_editor.h"

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <poll.h>
#include <unistd.h>

#include <histedit.h>

#include "base/check.h"
#include "cli/history_file.h"
#include "cli/text_editor.h"

namespace moat::cli {
namespace {

constexpr std::size_t kHistory = 500;
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";

}  // namespace

struct LineEditor::State {
    explicit State(std::filesystem::path history_file) : file(std::move(history_file)) {}

    EditLine* editor = nullptr;
    History* history = nullptr;
    HistEvent event{};
    std::string prompt;
    int interrupt = -1;  // readable after Ctrl-C
    HistoryFile file;
    bool keeps_history = true;
    bool shows = false;  // to a terminal
};

// What libedit calls, all C functions that get only its own handle.
struct LineEditor::Calls {
    static State& state_of(EditLine* editor) {
        void* data = nullptr;
        el_get(editor, EL_CLIENTDATA, &data);
        return *static_cast<State*>(data);
    }

    static char* prompt(EditLine* editor) { return state_of(editor).prompt.data(); }

    // One character: 1, or 0 at the end, or -1 after Ctrl-C. libedit's own reader would not see a
    // Ctrl-C that comes between the prompt and its read().
    static int character(EditLine* editor, wchar_t* character) {
        std::mbstate_t partial{};
        while (true) {
            std::array<pollfd, 2> wait{
                pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{state_of(editor).interrupt, POLLIN, 0}
            };
            if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return -1;
            if (wait[1].revents != 0) return -1;
            if (wait[0].revents == 0) continue;
            char byte = 0;
            const auto count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return static_cast<int>(count);
            // NOLINTNEXTLINE(concurrency-mt-unsafe): the state is ours
            const auto read = std::mbrtowc(character, &byte, 1, &partial);
            if (read == static_cast<std::size_t>(-2)) continue;
            if (read != static_cast<std::size_t>(-1)) return 1;
            partial = {};  // not UTF-8: passed over
        }
    }

    // Ctrl-G.
    static unsigned char open_editor(EditLine* editor, int /*key*/) {
        const LineInfo* line = el_line(editor);
        const std::string text(line->buffer, line->lastchar);
        el_set(editor, EL_PREP_TERM, 0);
        const auto edited = edit_text(text);
        el_set(editor, EL_PREP_TERM, 1);
        if (edited) {
            el_replacestr(editor, edited->c_str());
        } else {
            std::fprintf(stderr, "\nError: %s\n", edited.error().message.c_str());
        }
        return CC_REDISPLAY;
    }

    // A terminal marks what is pasted, so that its line ends do not send it.
    static unsigned char take_paste(EditLine* editor, int /*key*/) {
        std::wstring text;
        wchar_t c = 0;
        while (!text.ends_with(kPasteEnd)) {
            if (character(editor, &c) != 1) return CC_EOF;
            text += c == L'\r' ? L'\n' : c;
        }
        text.resize(text.size() - kPasteEnd.size());
        std::erase(text, L'\0');
        while (text.ends_with(L'\n'))
            text.pop_back();
        if (!text.empty() && el_winsertstr(editor, text.c_str()) != 0) return CC_ERROR;
        return CC_REFRESH;
    }
};

namespace {

void bind_keys(EditLine* editor) {
    const auto bind = [editor](const char* key, const char* command) {
        el_set(editor, EL_BIND, key, command, nullptr);
    };
    bind("^G", "moat-editor");
    bind("\\e[200~", "moat-paste");
    bind("^W", "ed-delete-prev-word");
    bind("^U", "vi-kill-line-prev");
    bind("^R", "em-inc-search-prev");
    for (const char* home : {"\\e[H", "\\eOH", "\\e[1~"})
        bind(home, "ed-move-to-beg");
    for (const char* end : {"\\e[F", "\\eOF", "\\e[4~"})
        bind(end, "ed-move-to-end");
    bind("\\e[3~", "ed-delete-next-char");
    bind("\\e[1;5C", "em-next-word");
    bind("\\e[1;5D", "ed-prev-word");
}

}  // namespace

LineEditor::LineEditor(const InterruptGuard& interrupt, std::filesystem::path history_file)
    : state_(std::make_unique<State>(std::move(history_file))) {
    state_->interrupt = interrupt.descriptor();
    state_->shows = ::isatty(STDOUT_FILENO) == 1;
    std::setlocale(LC_CTYPE, "C.UTF-8");  // NOLINT(concurrency-mt-unsafe): one thread here
    state_->editor = el_init("moat", stdin, stdout, stderr);
    state_->history = history_init();
    EditLine* editor = state_->editor;
    CHECK(editor != nullptr && state_->history != nullptr, "libedit does not start");
    history(state_->history, &state_->event, H_SETSIZE, static_cast<int>(kHistory));
    for (const std::string& line : state_->file.load(kHistory))
        history(state_->history, &state_->event, H_ENTER, line.c_str());
    el_set(editor, EL_CLIENTDATA, state_.get());
    el_set(editor, EL_PROMPT, Calls::prompt);
    el_set(editor, EL_HIST, history, state_->history);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 1);
    el_set(editor, EL_GETCFN, Calls::character);
    el_set(editor, EL_ADDFN, "moat-editor", "opens the text in an editor", Calls::open_editor);
    el_set(editor, EL_ADDFN, "moat-paste", "takes pasted text", Calls::take_paste);
    bind_keys(editor);
}

LineEditor::~LineEditor() {
    history_end(state_->history);
    el_end(state_->editor);
}

void LineEditor::keep_history(bool on) {
    state_->keeps_history = on;
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
    state_->prompt = prompt;
    const auto tell_terminal = [this](const char* text) {
        if (!state_->shows) return;
        std::fputs(text, stdout);
        std::fflush(stdout);
    };
    // Before the prompt shows: a Ctrl-D which the terminal takes in its line mode would be lost.
    el_set(state_->editor, EL_PREP_TERM, 1);
    tell_terminal("\x1b[?2004h");  // mark what is pasted
    int count = 0;
    const char* text = el_gets(state_->editor, &count);
    tell_terminal("\x1b[?2004l");
    if (text == nullptr || count <= 0) return std::nullopt;
    std::string line(text, static_cast<std::size_t>(count));
    while (line.ends_with('\n') || line.ends_with('\r'))
        line.pop_back();
    if (!line.empty() && state_->keeps_history) {
        history(state_->history, &state_->event, H_ENTER, line.c_str());
        state_->file.append(line);
    }
    return line;
}

}  // namespace moat::cli
