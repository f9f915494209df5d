#include "cli/cli.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help_texts.h"

namespace moat::cli {
namespace {

// Everything a command line may set; each command reads its own part.
struct Words {
    std::string model;
    std::string other;
    std::vector<std::string> names;
    CreateOptions create;
    AliasOptions alias;
    std::string prefix;
    std::vector<std::string> prompt;
    std::vector<std::string> topic;
    bool insecure = false;
    bool show_parts[5] = {};
    ShowOptions show;
    RunOptions run;
    AskOptions ask;
    SearchOptions search;
    LaunchOptions launch;
    ImportOptions import_options;
    BackupOptions backup;
    std::string role = "user";
};

class CommandLine {
  public:
    CommandLine(Session session, const Program& program) : session_(session), program_(program) {
        app_.name(program_.name);
        app_.require_subcommand(0, 1);
        app_.set_version_flag(
            "-v,--version",
            [this] { return version_text(); },
            std::string(pick("Show the versions and exit", "显示版本并退出"))
        );
        add_serve();
        add_models();
        add_alias();
        add_transfers();
        add_show();
        add_run();
        add_knowledge();
        add_ask();
        add_backups();
        add_import();
        add_keys();
        add_launch();
        add_help();
        add_completion();
        describe_in(session_.console.language, program_.name, app_);
    }

    int parse_and_run(int argc, char** argv) {
        try {
            app_.parse(words_of(argc, argv));
        } catch (const ::CLI::ParseError& error) {
            const bool help = error.get_exit_code() == static_cast<int>(::CLI::ExitCodes::Success);
            if (help) return app_.exit(error);
            return session_.console.fail(
                fmt::format("{} ({} '{} --help')", error.what(), pick("see", "请看"), program_.name)
            );
        }
        if (!action_) {
            session_.console.print(app_.help());
            return 0;
        }
        return action_();
    }

  private:
    std::string_view pick(std::string_view english, std::string_view chinese) const {
        return session_.console.pick(english, chinese);
    }

    ::CLI::App& command(
        ::CLI::App& parent,
        const char* name,
        std::string_view english,
        std::string_view chinese,
        std::function<int()> work
    ) {
        auto* sub = parent.add_subcommand(name, std::string(pick(english, chinese)));
        sub->callback([this, work = std::move(work)] { action_ = work; });
        return *sub;
    }

    // As CLI11 wants them: the last first. `--think` takes a value only with '=': the word after it
    // is the model or the prompt.
    static std::vector<std::string> words_of(int argc, char** argv) {
        std::vector<std::string> words;
        for (int i = argc - 1; i > 0; --i)
            words.emplace_back(argv[i]);
        const bool runs = std::ranges::find(words, "run") != words.end();
        if (runs) std::ranges::replace(words, std::string("--think"), std::string("--think=true"));
        return words;
    }

    // The server's word may differ from ours when it runs elsewhere.
    std::string version_text() {
        const bool as_ollama = program_.name == "ollama";
        const std::string& ours = as_ollama ? program_.ollama_version : program_.version;
        const auto reply = session_.api.get("/api/version");
        if (!as_ollama) {
            const std::string text = fmt::format("moat version is {}", ours);
            if (!reply) return text + "\nWarning: could not connect to a running Moat server";
            return text + fmt::format("\nollama version is {}", json::string_or(*reply, "version"));
        }
        const std::string differs = fmt::format("Warning: client version is {}", ours);
        if (!reply) return "Warning: could not connect to a running Ollama instance\n" + differs;
        const std::string theirs = json::string_or(*reply, "version");
        const std::string text = fmt::format("ollama version is {}", theirs);
        return theirs == ours ? text : text + "\n" + differs;
    }

    void add_help() {
        auto& help = command(app_, "help", "Help about a command", "查看命令的帮助", [this] {
            ::CLI::App* about = &app_;
            std::string before;
            for (const std::string& word : words_.topic) {
                const auto found = about->get_subcommands([&word](const ::CLI::App* sub) {
                    return sub->check_name(word);
                });
                if (found.empty()) {
                    return session_.console.fail(
                        fmt::format("unknown command \"{}\" for \"{}\"", word, program_.name)
                    );
                }
                before += (before.empty() ? "" : " ") +
                          (about == &app_ ? program_.name : about->get_name());
                about = found.front();
            }
            if (about == app_.get_subcommand("serve")) return program_.serve({"--help"});
            session_.console.print(about->help(before));
            return 0;
        });
        help.add_option("COMMAND", words_.topic);
    }

    void add_completion() {
        auto& completion = command(
            app_,
            "completion",
            "Print a script for a shell's completion",
            "输出 shell 的自动补全脚本",
            [this] {
                const auto script = completion_script(words_.other, program_.name, app_);
                if (!script) return session_.console.fail(script.error().message);
                session_.console.print(*script);
                return 0;
            }
        );
        completion.add_option("SHELL", words_.other, "bash, zsh, fish")->required();
    }

    void add_serve() {
        auto& serve = command(app_, "serve", "Start the server", "启动服务", [this] {
            return program_.serve(app_.get_subcommand("serve")->remaining());
        });
        serve.alias("start");
        serve.prefix_command();
        serve.set_help_flag();  // its own help lists its options
    }

    void add_models() {
        auto& create = command(
            app_,
            "create",
            "Make a model from a Modelfile",
            "用 Modelfile 创建模型",
            [this] { return create_model(session_, words_.create); }
        );
        add_create_options(create);
        auto& list = command(app_, "list", "List models", "列出模型", [this] {
            return list_models(session_, words_.prefix);
        });
        list.alias("ls");
        list.add_option("PREFIX", words_.prefix);
        auto& ps = command(app_, "ps", "List running models", "列出运行中的模型", [this] {
            return list_running(session_, words_.prefix);
        });
        ps.add_option("PREFIX", words_.prefix);
        auto& copy = command(app_, "cp", "Copy a model", "复制模型", [this] {
            return copy_model(session_, words_.model, words_.other);
        });
        copy.add_option("SOURCE", words_.model)->required();
        copy.add_option("DESTINATION", words_.other)->required();
        auto& remove = command(app_, "rm", "Remove models", "删除模型", [this] {
            return remove_models(session_, words_.names);
        });
        remove.add_option("MODEL", words_.names)->required();
        auto& stop = command(app_, "stop", "Unload a running model", "停止运行中的模型", [this] {
            return stop_model(session_, words_.model);
        });
        stop.add_option("MODEL", words_.model)->required();
    }

    void add_create_options(::CLI::App& create) {
        CreateOptions& options = words_.create;
        create.add_option("MODEL", options.model)->required();
        create
            .add_option(
                "-f,--file",
                options.modelfile,
                std::string(pick("path of the Modelfile", "Modelfile 的路径"))
            )
            ->capture_default_str();
        create.add_option(
            "-q,--quantize",
            options.quantize,
            std::string(pick("store the weights in fewer bits, e.g. Q4_K_M", "量化权重，如 Q4_K_M"))
        );
        create.add_flag(
            "--link",
            options.link,
            std::string(pick(
                "use the files where they lie, without a copy; they must be on the server",
                "直接使用原文件而不复制；文件须在服务器上"
            ))
        );
        create.add_option(
            "--imatrix",
            options.imatrix,
            std::string(pick(
                "an importance matrix of llama-imatrix (GGUF): the smallest types need one",
                "llama-imatrix 生成的重要性矩阵 (GGUF)，位数最少的类型需要它"
            ))
        );
        create.add_option(
            "--draft-quantize",
            options.draft_quantize,
            std::string(pick("the same, for the draft model", "量化草稿模型"))
        );
    }

    void add_alias() {
        AliasOptions& options = words_.alias;
        auto& sub = command(
            app_,
            "alias",
            "List, set and switch names that stand for models",
            "列出、设置、切换模型别名",
            [this] { return alias(session_, words_.alias); }
        );
        sub.add_option("NAME", options.name);
        sub.add_option("MODEL", options.target);
        sub.add_flag(
            "--rollback",
            options.roll_back,
            std::string(pick("back to the model before", "回到之前的模型"))
        );
        sub.add_flag(
            "--remove",
            options.remove,
            std::string(pick("remove the alias, not the model", "删除别名，不删除模型"))
        );
    }

    void add_transfers() {
        const auto add = [this](::CLI::App& sub) {
            sub.add_option("MODEL", words_.model)->required();
            sub.add_flag(
                "--insecure",
                words_.insecure,
                std::string(pick("allow http:// in front of the name", "允许名称以 http:// 开头"))
            );
        };
        add(command(app_, "pull", "Get a model from a registry", "从模型仓库下载模型", [this] {
            return pull_model(session_, words_.model, words_.insecure);
        }));
        add(command(app_, "push", "Put a model into a registry", "将模型上传到模型仓库", [this] {
            return push_model(session_, words_.model, words_.insecure);
        }));
        auto& verify = command(
            app_,
            "verify",
            "Check the files of models against their digests",
            "按摘要校验模型文件",
            [this] { return verify_models(session_, words_.names); }
        );
        verify.add_option(
            "MODEL", words_.names, std::string(pick("without one: all", "省略则校验全部"))
        );
    }

    void add_show() {
        auto& show = command(app_, "show", "Show a model", "查看模型", [this] {
            constexpr const char* kParts[] = {
                "license", "modelfile", "parameters", "template", "system"
            };
            for (std::size_t i = 0; i < 5; ++i) {
                if (!words_.show_parts[i]) continue;
                if (!words_.show.part.empty()) {
                    return session_.console.fail(
                        "only one of '--license', '--modelfile', '--parameters', '--system', or "
                        "'--template' can be specified"
                    );
                }
                words_.show.part = kParts[i];
            }
            return show_model(session_, words_.show);
        });
        show.add_option("MODEL", words_.show.model)->required();
        const std::tuple<const char*, const char*, const char*> flags[] = {
            {"--license", "its license", "许可证"},
            {"--modelfile", "its Modelfile", "Modelfile"},
            {"--parameters", "its parameters", "参数"},
            {"--template", "its prompt template", "提示词模板"},
            {"--system", "its system message", "系统消息"},
        };
        for (std::size_t i = 0; i < 5; ++i) {
            const auto& [flag, english, chinese] = flags[i];
            show.add_flag(flag, words_.show_parts[i], std::string(pick(english, chinese)));
        }
        show.add_flag(
            "-v,--verbose",
            words_.show.verbose,
            std::string(pick("with metadata and tensors", "包括元数据和张量"))
        );
        show.add_flag(
            "--fit",
            words_.show.fit,
            std::string(pick("whether it fits the memory now", "现在的内存能否装下"))
        );
    }

    void add_run() {
        auto& run = command(app_, "run", "Run a model", "运行模型", [this] {
            for (const auto& word : words_.prompt)
                words_.run.prompt += (words_.run.prompt.empty() ? "" : " ") + word;
            return run_model(session_, words_.run);
        });
        run.add_option("MODEL", words_.run.model)->required();
        run.add_option(
            "PROMPT", words_.prompt, std::string(pick("without one: a dialogue", "省略则进入对话"))
        );
        add_answer_flags(run);
        add_embedding_flags(run);
    }

    void add_answer_flags(::CLI::App& run) {
        RunOptions& to = words_.run;
        const auto text = [this](std::string_view english, std::string_view chinese) {
            return std::string(pick(english, chinese));
        };
        run.add_option(
            "--format", to.format, text("\"json\" or a JSON schema", "\"json\" 或 JSON schema")
        );
        run.add_option(
            "--keepalive",
            to.keep_alive,
            text("how long the model stays loaded, e.g. 5m", "模型保持加载的时间，如 5m")
        );
        run.add_option(
               "--think",
               to.think,
               text(
                   "think first: true, false, low, medium, high or max",
                   "先思考再回答：true、false、low、medium、high 或 max"
               )
        )
            ->type_name("[=LEVEL]");
        run.add_flag(
            "--hidethinking", to.hide_thinking, text("do not show the thinking", "不显示思考过程")
        );
        run.add_flag(
            "--insecure",
            to.insecure,
            text("allow http:// when it is pulled", "下载时允许使用 http://")
        );
        run.add_flag("--verbose", to.verbose, text("show timings", "显示耗时"));
        run.add_flag(
            "--nowordwrap",
            to.no_word_wrap,
            text("do not break lines between words", "不在单词之间自动换行")
        );
        run.add_option(
            "--gpu-layers",
            to.gpu_layers,
            text("layers on the graphics card; 0: none", "放到显卡上的层数，0 表示只用 CPU")
        );
    }

    void add_embedding_flags(::CLI::App& run) {
        run.add_flag(
            "--truncate",
            words_.run.truncate,
            std::string(pick(
                "embedding models: cut a text that is too long (default); =false: refuse it",
                "向量模型：截断过长的文本（默认）；=false 则报错"
            ))
        );
        run.add_option(
            "--dimensions",
            words_.run.dimensions,
            std::string(pick("embedding models: cut vectors to so many", "向量模型：输出向量的维数")
            )
        );
    }

    void add_knowledge() {
        auto* kb = app_.add_subcommand("kb", std::string(pick("Knowledge bases", "知识库")));
        kb->require_subcommand(1);
        auto& add = command(
            *kb,
            "add",
            "Add files and folders to a knowledge base, making it if needed",
            "向知识库添加文件和文件夹（不存在则创建）",
            [this] { return add_to_kb(session_, words_.model, words_.names); }
        );
        add.add_option("NAME", words_.model)->required();
        add.add_option("PATH", words_.names)->required();
        auto& create =
            command(*kb, "create", "Make an empty knowledge base", "创建空知识库", [this] {
                return create_kb(session_, words_.model);
            });
        create.add_option("NAME", words_.model)->required();
        command(*kb, "list", "List knowledge bases", "列出知识库", [this] {
            return list_kbs(session_);
        }).alias("ls");
        auto& show = command(
            *kb,
            "show",
            "List the documents of a knowledge base",
            "列出知识库中的文档",
            [this] { return show_kb(session_, words_.model); }
        );
        show.add_option("NAME", words_.model)->required();
        auto& remove = command(*kb, "rm", "Remove a knowledge base", "删除知识库", [this] {
            return remove_kb(session_, words_.model);
        });
        remove.add_option("NAME", words_.model)->required();
    }

    void add_ask() {
        auto& ask_command = command(
            app_,
            "ask",
            "Ask a question; the answer cites its sources",
            "提问，回答附带引用来源",
            [this] { return ask(session_, words_.ask); }
        );
        ask_command.add_option("QUESTION", words_.ask.question)->required();
        ask_command.add_option(
            "--kb", words_.ask.kb, std::string(pick("the knowledge base to ask", "要询问的知识库"))
        );
        ask_command.add_option(
            "--model",
            words_.ask.model,
            std::string(pick("the chat model to answer with", "用于回答的模型"))
        );
        ask_command.add_option(
            "--conversation",
            words_.ask.conversation,
            std::string(pick("go on with a conversation", "继续一个对话"))
        );
        ask_command.add_flag(
            "--json",
            words_.ask.as_json,
            std::string(pick("print everything as JSON", "以 JSON 输出全部内容"))
        );
        auto& search = command(app_, "search", "Search a knowledge base", "检索知识库", [this] {
            return search_kb(session_, words_.search);
        });
        search.add_option("QUERY", words_.search.query)->required();
        search
            .add_option("--kb", words_.search.kb, std::string(pick("the knowledge base", "知识库")))
            ->required();
        search.add_option("--limit", words_.search.limit)
            ->check(::CLI::Range(1, 100))
            ->capture_default_str();
    }

    void add_backups() {
        BackupOptions& options = words_.backup;
        const auto text = [this](std::string_view english, std::string_view chinese) {
            return std::string(pick(english, chinese));
        };
        auto* backup = app_.add_subcommand("backup", text("Backups of collections", "集合的备份"));
        backup->require_subcommand(1);
        auto& create = command(*backup, "create", "Make a backup", "创建备份", [this] {
            return create_backup(session_, words_.backup);
        });
        create.add_option("ID", options.id, text("default: one of the time", "默认按当前时间命名"));
        create.add_option(
            "--collection",
            options.collections,
            text("only these; repeat it for several", "只备份这些集合，可重复给出")
        );
        create.add_option(
            "--to", options.folder, text("copy it to this folder too", "同时复制到该文件夹")
        );
        command(*backup, "list", "List backups", "列出备份", [this] {
            return list_backups(session_);
        }).alias("ls");
        auto& verify =
            command(*backup, "verify", "Check a backup by its digests", "按摘要校验备份", [this] {
                return verify_backup(session_, words_.model);
            });
        verify.add_option("ID", words_.model)->required();
        auto& restore = command(
            *backup,
            "restore",
            "Bring collections of a backup back",
            "从备份恢复集合",
            [this] { return restore_backup(session_, words_.backup); }
        );
        restore
            .add_option(
                "ID",
                options.id,
                text(
                    "of the backup, or a folder that --to made, as ./FOLDER",
                    "备份的 ID，或由 --to 得到的文件夹（写作 ./文件夹）"
                )
            )
            ->required();
        restore.add_option(
            "--collection",
            options.collections,
            text("only these; NAME=NEW gives another name", "只恢复这些集合；NAME=NEW 表示改名")
        );
        auto& remove = command(*backup, "rm", "Remove a backup", "删除备份", [this] {
            return remove_backup(session_, words_.model);
        });
        remove.add_option("ID", words_.model)->required();
    }

    void add_import() {
        ImportOptions& options = words_.import_options;
        auto* from = app_.add_subcommand(
            "import", std::string(pick("Bring data from another server", "从其他服务器导入数据"))
        );
        from->require_subcommand(1);
        auto& weaviate = command(
            *from,
            "weaviate",
            "Bring collections from a running Weaviate",
            "从运行中的 Weaviate 导入集合",
            [this] { return import_from_weaviate(); }
        );
        weaviate
            .add_option(
                "URL",
                options.url,
                std::string(
                    pick("of its REST port: http://host:8080", "其 REST 地址，如 http://host:8080")
                )
            )
            ->required();
        weaviate
            .add_option(
                "--api-key", options.api_key, std::string(pick("its API key", "其 API 密钥"))
            )
            ->envname("WEAVIATE_API_KEY");
        weaviate.add_option(
            "--collection",
            options.collections,
            std::string(pick("only these; repeat it for several", "只导入这些集合，可重复给出"))
        );
        weaviate.add_flag(
            "--restart",
            options.restart,
            std::string(pick(
                "begin at the beginning, not where an import was stopped",
                "从头开始，而不是从上次停止处继续"
            ))
        );
    }

    int import_from_weaviate() {
        ImportOptions& options = words_.import_options;
        options.url = server_url(options.url);
        options.here = program_.url;
        const std::string unreachable = fmt::format(
            "{} {}", pick("could not connect to a Weaviate at", "无法连接 Weaviate："), options.url
        );
        const auto source = program_.connect(options.url, options.api_key, unreachable);
        return import_weaviate(session_, *source, options);
    }

    void add_keys() {
        auto* key = app_.add_subcommand("key", std::string(pick("API keys", "API 密钥")));
        key->require_subcommand(1);
        auto& create = command(
            *key,
            "create",
            "Make a key; it is printed once",
            "创建密钥，只显示一次",
            [this] { return create_key(session_, words_.model, words_.role); }
        );
        create
            .add_option(
                "NAME", words_.model, std::string(pick("who or what will use it", "使用者名称"))
            )
            ->required();
        create.add_option("--role", words_.role)
            ->check(::CLI::IsMember({"user", "admin"}))
            ->capture_default_str();
        command(*key, "list", "List keys", "列出密钥", [this] {
            return list_keys(session_);
        }).alias("ls");
        auto& revoke = command(*key, "revoke", "Revoke a key", "吊销密钥", [this] {
            return revoke_key(session_, words_.model);
        });
        revoke.add_option("ID", words_.model)->required();
    }

    void add_launch() {
        LaunchOptions& options = words_.launch;
        auto& launch_it = command(
            app_,
            "launch",
            "Start a coding tool that uses this server",
            "启动使用本服务的编程工具",
            [this] { return launch(session_, {program_.url, program_.api_key}, words_.launch); }
        );
        launch_it.add_option(
            "TOOL",
            options.tool,
            std::string(pick("claude, codex, opencode; without one: a list", "省略则列出"))
        );
        launch_it.add_option(
            "ARGUMENTS",
            options.arguments,
            std::string(pick("its own, after --", "工具自己的参数，写在 -- 之后"))
        );
        launch_it.add_option(
            "--model",
            options.model,
            std::string(
                pick("default: the newest that can call tools", "默认：最近安装的能调用工具的模型")
            )
        );
        launch_it.add_flag(
            "--config",
            options.only_config,
            std::string(pick("print what to set, and start nothing", "只输出设置，不启动"))
        );
        command(app_, "signin", "There are no accounts to sign in to", "无需登录", [this] {
            return sign_in(session_);
        });
        command(app_, "signout", "There are no accounts to sign out of", "无需退出登录", [this] {
            return sign_out(session_);
        });
    }

    Session session_;
    const Program& program_;
    Words words_;
    ::CLI::App app_{std::string(pick(
        "Moat: models, documents and cited answers on your own machine",
        "Moat：在自己的机器上运行模型、管理文档、给出有出处的回答"
    ))};
    std::function<int()> action_;
};

}  // namespace

int run(int argc, char** argv, const Program& program, HttpClient& http, const Console& console) {
    ApiClient api(http);
    CommandLine line({api, console}, program);
    return line.parse_and_run(argc, argv);
}

}  // namespace moat::cli
