"""What functions of R do, by their names.

Source: the names that base and stats of R 4.2 define. The first three tables were taken out of them
by hand, with what other common packages add.
"""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

# They run programs or text, load code, connect, or have R call something later.
RUNS = words(
    """
    system system2 shell shell.exec pipe source sys.source dyn.load library.dynam download.file
    install.packages socketConnection serverSocket curlGetHeaders url .External.graphics
    lazyLoad lazyLoadDBexec lazyLoadDBfetch .C .Fortran parse str2lang str2expression unserialize
    readRDS load dget attach sys.load.image trace autoload addTaskCallback reg.finalizer setHook
    makeActiveBinding globalCallingHandlers fifo untrace readRenviron
    """
)
# They read, write or remove files, or change what the whole process works with.
FILES = words(
    """
    unlink file.remove file.rename file.copy file.append file.create file.symlink file.link
    dir.create writeLines writeBin writeChar write write.table write.csv write.csv2 dput dump save
    save.image saveRDS sink setwd Sys.setenv Sys.chmod Sys.umask file gzfile bzfile xzfile unz
    gzcon scan readLines readBin readChar read.dcf read.table read.csv read.csv2 read.delim
    write.dcf list.files list.dirs dir Sys.glob file.show sys.save.image Sys.setFileTime
    socketAccept socketSelect fread fwrite quit q Sys.unsetenv .libPaths
    """
)
# They find what they call by a name or a value: harmless where that is written down.
INDIRECT = words(
    """
    do.call as.name as.symbol get get0 mget match.fun eval evalq eval.parent dynGet
    getExportedValue getNamespace getFromNamespace getAnywhere as.call call as.function body<-
    formals<- environment<- assign delayedAssign list2env getNativeSymbolInfo .Call .External
    .External2 library require requireNamespace loadNamespace attachNamespace standardGeneric
    Recall registerS3method registerS3methods unlockBinding .Primitive importIntoEnv
    namespaceImportFrom namespaceExport setNamespaceInfo lockBinding
    """
)
# They compute, and touch nothing but their arguments and the environments that they are given.
KNOWN = words(
    r"""
    .Internal
    ! !.hexmode !.octmode != $ $.DLLInfo $.package_version $<- $<-.data.frame %% %*% %/% %in% %o%
    %x% %||% & && &.hexmode &.octmode ( * *.difftime + +.Date +.POSIXt - -.Date -.POSIXt ...elt
    ...length ...names ..deparseOpts ..getNamespace .ArgsEnv .AutoloadEnv .BaseNamespaceEnv
    .C_R_addTaskCallback .C_R_getTaskCallbackNames .C_R_removeTaskCallback .Call.graphics .Date
    .Defunct .Deprecated .Device .Devices .Diag .F_dchdc .F_dqrcf .F_dqrdc2 .F_dqrqty .F_dqrqy
    .F_dqrrsd .F_dqrxb .F_dtrco .First.sys .GenericArgsEnv .GlobalEnv .LC.categories .Last.value
    .Library .Library.site .MFclass .Machine .NotYetImplemented .NotYetUsed .OptRequireMethods
    .Options .POSIXct .POSIXlt .Platform .S3PrimitiveGenerics .S3_methods_table .S3method .Script
    .TAOCP1997init .__H__.cbind .__H__.rbind .__NAMESPACE__. .__S3MethodsTable__. .__global__
    .amatch_bounds .amatch_costs .approxfun .asSparse .bincode .cache_class .cbind.ts
    .checkMFClasses .check_vars_numeric .class2 .col .colMeans .colSums .decode_numeric_version
    .deparseOpts .detach .difftime .doSortWrap .doTrace .doWrap .dynLibs .encode_numeric_version
    .expand_R_libs_env_var .format.zeros .getNamespace .getNamespaceInfo .getRequiredPackages
    .getRequiredPackages2 .getXlevels .gt .gtn .handleSimpleError .isMethodsDispatchOn .isOpen
    .kappa_tri .knownS3Generics .kronecker .leap.seconds .lm.fit .makeMessage .makeNamesTs
    .make_numeric_version .mapply .maskedMsg .memberDend .mergeExportMethods .mergeImportMethods
    .midDend .nknots.smspl .noGenerics .onLoad .onUnload .p.nls.convInfo .packageName
    .packageStartupMessage .packages .popath .preformat.ts .pretty .primTrace .primUntrace .rmpkg
    .row .rowMeans .rowNamesDF<- .rowSums .row_names_info .set_row_names .signalSimpleWarning
    .splinefun .standard_regexps .subset .subset2 .sys.timezone .traceback .tryResumeInterrupt
    .userHooksEnv .valid.factor .validity.hclust .vcov.aliased / /.difftime : :: ::: < <- <<- <= =
    == > >= @ @<- AIC AIC.default AIC.logLik ARMAacf ARMAtoMA Arg BIC BIC.default BIC.logLik
    Box.test C C_ARIMA_CSS C_ARIMA_Gradtrans C_ARIMA_Invtrans C_ARIMA_Like C_ARIMA_transPars
    C_ARIMA_undoPars C_ARMAtoMA C_Approx C_ApproxTest C_BinDist C_Burg C_Cdist C_Cdqrls C_Dotrans
    C_DoubleCentre C_Fexact C_Fisher_sim C_Gradtrans C_HoltWinters C_Invtrans C_KalmanFore
    C_KalmanLike C_KalmanSmooth C_LogLin C_Rsm C_SWilk C_Smirnov_sim C_SplineCoef C_SplineEval
    C_Starma_method C_TSconv C_acf C_ar2ma C_arma0_kfore C_arma0fa C_binomial_dev_resids C_bvalus
    C_bw_bcv C_bw_den C_bw_den_binned C_bw_phi4 C_bw_phi6 C_bw_ucv C_call_dqagi C_call_dqags
    C_cfilter C_chisq_sim C_compcases C_cor C_cov C_cutree C_d2x2xk C_dbeta C_dbinom C_dcauchy
    C_dchisq C_deriv C_dexp C_df C_dgamma C_dgeom C_dhyper C_dlnorm C_dlogis C_dnbeta C_dnbinom
    C_dnbinom_mu C_dnchisq C_dnf C_dnorm C_dnt C_doD C_do_fmin C_dpois C_dsignrank C_dt C_dunif
    C_dweibull C_dwilcox C_eureka C_fft C_free_starma C_getQ0 C_getQ0bis C_get_resid C_get_s2
    C_hcass2 C_hclust C_influence C_intgrt_vec C_isoreg C_kmeans_Lloyd C_kmeans_MacQueen C_kmns
    C_ksmooth C_loess_dfit C_loess_dfitse C_loess_ifit C_loess_ise C_loess_raw C_logit_link
    C_logit_linkinv C_logit_mu_eta C_lowesp C_lowess C_lowesw C_modelframe C_modelmatrix C_monoFC_m
    C_multi_burg C_multi_yw C_mvfft C_nextn C_nlm C_nls_iter C_numeric_deriv C_optim C_optimhess
    C_pAnsari C_pKS2 C_pKendall C_pKolmogorov2x C_pRho C_pSmirnov2x C_pacf1 C_pbeta C_pbinom
    C_pcauchy C_pchisq C_pexp C_pf C_pgamma C_pgeom C_phyper C_plnorm C_plogis C_pnbeta C_pnbinom
    C_pnbinom_mu C_pnchisq C_pnf C_pnorm C_pnt C_port_ivset C_port_nlminb C_port_nlsb C_pp_sum
    C_ppois C_pppred C_psignrank C_pt C_ptukey C_punif C_pweibull C_pwilcox C_qAnsari C_qbeta
    C_qbinom C_qcauchy C_qchisq C_qexp C_qf C_qgamma C_qgeom C_qhyper C_qlnorm C_qlogis C_qnbeta
    C_qnbinom C_qnbinom_mu C_qnchisq C_qnf C_qnorm C_qnt C_qpois C_qsignrank C_qt C_qtukey C_qunif
    C_qweibull C_qwilcox C_r2dtable C_rWishart C_rbart C_rbeta C_rbinom C_rcauchy C_rchisq C_rcont2
    C_rexp C_rf C_rfilter C_rgamma C_rgeom C_rhyper C_rlnorm C_rlogis C_rmultinom C_rnbinom
    C_rnbinom_mu C_rnchisq C_rnorm C_rpois C_rsignrank C_rt C_runif C_runmed C_rweibull C_rwilcox
    C_set_trans C_setppr C_setsmu C_setup_starma C_signrank_free C_smart C_stl C_supsmu C_termsform
    C_tukeyline C_updateform C_wilcox_free C_zeroin2 Conj Cstack_info D DF2formula Encoding
    Encoding<- F Filter Find Gamma HL HoltWinters I IQR ISOdate ISOdatetime Im KalmanForecast
    KalmanLike KalmanRun KalmanSmooth LETTERS La.svd La_library La_version Map Math.Date
    Math.POSIXt Math.data.frame Math.difftime Math.factor Mod NCOL NLSstAsymptotic
    NLSstAsymptotic.sortedXyData NLSstClosestX NLSstClosestX.sortedXyData NLSstLfAsymptote
    NLSstLfAsymptote.sortedXyData NLSstRtAsymptote NLSstRtAsymptote.sortedXyData NROW Negate
    NextMethod OlsonNames Ops.Date Ops.POSIXt Ops.data.frame Ops.difftime Ops.factor
    Ops.numeric_version Ops.ordered Ops.ts PP.test Pair Pillai Position R.Version R.home R.version
    R.version.string RNGkind RNGversion R_system_version Rank Re Reduce Roy SSD SSD.mlm SSasymp
    SSasympOff SSasympOrig SSbiexp SSfol SSfpl SSgompertz SSlogis SSmicmen SSweibull StructTS
    Summary.Date Summary.POSIXct Summary.POSIXlt Summary.data.frame Summary.difftime Summary.factor
    Summary.numeric_version Summary.ordered Sys.Date Sys.getlocale Sys.getpid Sys.info
    Sys.localeconv Sys.readlink Sys.setLanguage Sys.setlocale Sys.sleep Sys.time Sys.timezone
    Sys.which T Thin.col Thin.row Tr TukeyHSD TukeyHSD.aov UseMethod Vectorize Wilks [ [.AsIs
    [.DLLInfoList [.Date [.Dlist [.POSIXct [.POSIXlt [.acf [.data.frame [.difftime [.factor
    [.formula [.hexmode [.listof [.noquote [.numeric_version [.octmode [.simple.list [.table
    [.terms [.ts [.tskernel [.warnings [<- [<-.Date [<-.POSIXct [<-.POSIXlt [<-.data.frame
    [<-.difftime [<-.factor [<-.numeric_version [<-.ts [[ [[.Date [[.POSIXct [[.POSIXlt
    [[.data.frame [[.dendrogram [[.factor [[.numeric_version [[<- [[<-.POSIXlt [[<-.data.frame
    [[<-.factor [[<-.numeric_version ^ abbreviate abs acf acf2AR acos acosh activeBindingFunction
    add.scope add1 add1.default add1.glm add1.lm add1.mlm addNA addmargins aggregate
    aggregate.data.frame aggregate.default aggregate.formula aggregate.ts agrep agrepl alias
    alias.formula alias.lm alist all all.equal all.equal.POSIXt all.equal.character
    all.equal.default all.equal.envRefClass all.equal.environment all.equal.factor
    all.equal.formula all.equal.function all.equal.language all.equal.list all.equal.numeric
    all.equal.raw all.names all.vars allowInterrupts anova anova.glm anova.glmlist anova.lm
    anova.lmlist anova.loess anova.mlm anova.mlmlist anova.nls anovalist.nls ansari.test
    ansari.test.default ansari.test.formula any anyDuplicated anyDuplicated.array
    anyDuplicated.data.frame anyDuplicated.default anyDuplicated.matrix anyNA anyNA.POSIXlt
    anyNA.data.frame anyNA.numeric_version aov aperm aperm.default aperm.table append apply approx
    approxfun ar ar.burg ar.burg.default ar.burg.mts ar.mle ar.ols ar.yw ar.yw.default ar.yw.mts
    args arima arima.sim arima0 arima0.diag array arrayInd as.Date as.Date.POSIXct as.Date.POSIXlt
    as.Date.character as.Date.default as.Date.factor as.Date.numeric as.POSIXct as.POSIXct.Date
    as.POSIXct.POSIXlt as.POSIXct.default as.POSIXct.numeric as.POSIXlt as.POSIXlt.Date
    as.POSIXlt.POSIXct as.POSIXlt.character as.POSIXlt.default as.POSIXlt.factor as.POSIXlt.numeric
    as.array as.array.default as.character as.character.Date as.character.POSIXt
    as.character.condition as.character.default as.character.error as.character.factor
    as.character.hexmode as.character.numeric_version as.character.octmode as.character.srcref
    as.complex as.data.frame as.data.frame.AsIs as.data.frame.Date as.data.frame.POSIXct
    as.data.frame.POSIXlt as.data.frame.aovproj as.data.frame.array as.data.frame.character
    as.data.frame.complex as.data.frame.data.frame as.data.frame.default as.data.frame.difftime
    as.data.frame.factor as.data.frame.ftable as.data.frame.integer as.data.frame.list
    as.data.frame.logLik as.data.frame.logical as.data.frame.matrix as.data.frame.model.matrix
    as.data.frame.noquote as.data.frame.numeric as.data.frame.numeric_version as.data.frame.ordered
    as.data.frame.raw as.data.frame.table as.data.frame.ts as.data.frame.vector as.dendrogram
    as.dendrogram.dendrogram as.dendrogram.hclust as.difftime as.dist as.dist.default as.double
    as.double.POSIXlt as.double.difftime as.environment as.expression as.expression.default
    as.factor as.formula as.function.default as.hclust as.hclust.default as.hclust.dendrogram
    as.hclust.twins as.hexmode as.integer as.list as.list.Date as.list.POSIXct as.list.POSIXlt
    as.list.data.frame as.list.default as.list.difftime as.list.environment as.list.factor
    as.list.function as.list.numeric_version as.logical as.logical.factor as.matrix
    as.matrix.POSIXlt as.matrix.data.frame as.matrix.default as.matrix.dist as.matrix.ftable
    as.matrix.noquote as.null as.null.default as.numeric as.numeric_version as.octmode
    as.ordered as.package_version as.pairlist as.qr as.raw as.single as.single.default as.stepfun
    as.stepfun.default as.stepfun.isoreg as.table as.table.default as.table.ftable as.ts
    as.ts.default as.vector as.vector.POSIXlt as.vector.data.frame as.vector.factor asNamespace
    asOneSidedFormula asS3 asS4 asin asinh asplit assert_NULL_or_prob atan atan2 atanh attr
    attr.all.equal attr<- attributes attributes<- autoloader ave backsolve bandwidth.kernel
    bartlett.test bartlett.test.default bartlett.test.formula baseenv basename besselI besselJ
    besselK besselY beta bindingIsActive bindingIsLocked bindtextdomain binom.test binomInitialize
    binomial biplot biplot.default biplot.prcomp biplot.princomp bitwAnd bitwNot bitwOr bitwShiftL
    bitwShiftR bitwXor body bquote break browser browserCondition browserSetDebug browserText
    builtins bw.SJ bw.bcv bw.nrd bw.nrd0 bw.ucv bw_pair_cnts by by.data.frame by.default c c.Date
    c.POSIXct c.POSIXlt c.difftime c.factor c.noquote c.numeric_version c.warnings callCC cancor
    capabilities case.names case.names.default case.names.lm casefold cat cbind cbind.data.frame
    cbind.ts ccf ceiling char.expand charToRaw character charmatch chartr check_exact check_tzones
    chisq.test chkDots chol chol.default chol2inv choose class class<- clearPushBack close
    close.connection close.srcfile close.srcfilealias closeAllConnections cmdscale coef coef.Arima
    coef.aov coef.default coef.listof coef.maov coef.nls coefficients col colMeans colSums colnames
    colnames<- commandArgs comment comment<- complete.cases complex computeRestarts conditionCall
    conditionCall.condition conditionMessage conditionMessage.condition confint confint.default
    confint.glm confint.lm confint.nls conflictRules conflicts constrOptim contr.SAS contr.helmert
    contr.poly contr.sum contr.treatment contrasts contrasts<- contributors convolve cooks.distance
    cooks.distance.glm cooks.distance.lm cophenetic cophenetic.default cophenetic.dendrogram cor
    cor.test cor.test.default cor.test.formula cos cosh cospi cov cov.wt cov2cor covratio cpgram
    crossprod cummax cummin cumprod cumsum cut cut.Date cut.POSIXt cut.default cut.dendrogram
    cutree cycle cycle.default cycle.ts dQuote data.class data.frame data.matrix date dbeta dbinom
    dcauchy dchisq debug debuggingState debugonce decompose default.stringsAsFactors
    delete.response deltat deltat.default dendrapply density density.default deparse deparse1
    deparse2 deriv deriv.default deriv.formula deriv3 deriv3.default deriv3.formula det detach
    determinant determinant.matrix deviance deviance.default deviance.glm deviance.lm deviance.mlm
    deviance.nls dexp df df.kernel df.residual df.residual.default df.residual.nls dfbeta dfbeta.lm
    dfbetas dfbetas.lm dffits dgamma dgeom dhyper diag diag<- diff diff.Date diff.POSIXt
    diff.default diff.difftime diff.ts diffinv diffinv.default diffinv.ts diffinv.vector difftime
    digamma dim dim.data.frame dim<- dimnames dimnames.data.frame dimnames<- dimnames<-.data.frame
    dir.exists dirname dist dlnorm dlogis dmultinom dnbinom dnorm dontCheck double dpois drop
    drop.scope drop.terms drop1 drop1.default drop1.glm drop1.lm drop1.mlm droplevels
    droplevels.data.frame droplevels.factor dsignrank dt dummy.coef dummy.coef.aovlist
    dummy.coef.lm dunif duplicated duplicated.POSIXlt duplicated.array duplicated.data.frame
    duplicated.default duplicated.matrix duplicated.numeric_version duplicated.warnings dweibull
    dwilcox dyn.unload eapply ecdf eff.aovlist effects effects.glm effects.lm eigen embed emptyenv
    enc2native enc2utf8 encodeString end end.default endsWith enquote env.profile environment
    environmentIsLocked environmentName errorCondition estVar estVar.SSD estVar.mlm exists exp
    expand.grid expand.model.frame expm1 expression extSoftVersion extractAIC extractAIC.aov
    extractAIC.coxph extractAIC.glm extractAIC.lm extractAIC.negbin extractAIC.survreg factanal
    factanal.fit.mle factor factor.scope factorial family family.glm family.lm fft file.access
    file.choose file.exists file.info file.mode file.mtime file.path file.size filter find.package
    findInterval findPackageEnv findRestart fisher.test fitted fitted.default fitted.isoreg
    fitted.kmeans fitted.nls fitted.smooth.spline fitted.values fivenum fligner.test
    fligner.test.default fligner.test.formula floor flush flush.connection for force forceAndCall
    formals format format.AsIs format.Date format.POSIXct format.POSIXlt format.data.frame
    format.default format.difftime format.dist format.factor format.ftable format.hexmode
    format.info format.libraryIQR format.numeric_version format.octmode format.packageInfo
    format.perc format.pval format.summaryDefault formatC formatDL format_perc formula
    formula.character formula.data.frame formula.default formula.formula formula.glm formula.lm
    formula.nls formula.terms forwardsolve frequency frequency.default friedman.test
    friedman.test.default friedman.test.formula ftable ftable.default ftable.formula function gamma
    gaussian gc gc.time gcinfo gctorture gctorture2 getAllConnections getCall getCall.default
    getCallingDLL getCallingDLLe getConnection getDLLRegisteredRoutines
    getDLLRegisteredRoutines.DLLInfo getDLLRegisteredRoutines.character getElement getHook
    getInitial getInitial.default getInitial.formula getInitial.selfStart getLoadedDLLs
    getNamespaceExports getNamespaceImports getNamespaceInfo getNamespaceName getNamespaceUsers
    getNamespaceVersion getOption getRversion getSrcLines getTaskCallbackNames get_all_vars
    geterrmessage gettext gettextf getwd gl glm glm.control glm.fit globalenv gregexec gregexpr
    grep grepRaw grepl grouping gsub hasTsp hat hatvalues hatvalues.lm hatvalues.smooth.spline
    hclust heatmap hyman_filter iconv iconvlist icuGetCollate icuSetCollate identical
    identify.hclust identity if ifelse influence influence.glm influence.lm influence.measures
    infoRDS inherits intToBits intToUtf8 integer integrate interaction interaction.plot interactive
    intersect inverse.gaussian inverse.rle invisible invokeRestart invokeRestartInteractively is.R
    is.array is.atomic is.call is.character is.complex is.data.frame is.double is.element
    is.empty.model is.environment is.expression is.factor is.finite is.function is.infinite
    is.integer is.language is.leaf is.list is.loaded is.logical is.matrix is.mts is.na
    is.na.POSIXlt is.na.data.frame is.na.numeric_version is.na<- is.na<-.default is.na<-.factor
    is.na<-.numeric_version is.name is.nan is.null is.numeric is.numeric.Date is.numeric.POSIXt
    is.numeric.difftime is.numeric_version is.object is.ordered is.package_version is.pairlist
    is.primitive is.qr is.raw is.recursive is.single is.stepfun is.symbol is.table is.ts
    is.tskernel is.unsorted is.vector isBaseNamespace isFALSE isIncomplete isNamespace
    isNamespaceLoaded isOpen isRestart isS4 isSeekable isSymmetric isSymmetric.matrix isTRUE isa
    isatty isdebugged isoreg jitter julian julian.Date julian.POSIXt kappa kappa.default kappa.lm
    kappa.qr kernapply kernapply.default kernapply.ts kernapply.tskernel kernapply.vector kernel
    kmeans knots knots.stepfun kronecker kruskal.test kruskal.test.default kruskal.test.formula
    ks.test ks.test.default ks.test.formula ksmooth l10n_info labels labels.default
    labels.dendrogram labels.dist labels.lm labels.terms lag lag.default lag.plot lapply lbeta
    lchoose length length.POSIXlt length<- length<-.Date length<-.POSIXct length<-.POSIXlt
    length<-.difftime length<-.factor lengths letters levels levels.default levels<-
    levels<-.factor lfactorial lgamma libcurlVersion library.dynam.unload licence license line
    lines.isoreg lines.stepfun lines.ts list list2DF lm lm.fit lm.influence lm.wfit
    loadedNamespaces loadingNamespaceInfo loadings local lockEnvironment loess loess.control
    loess.smooth log log10 log1p log2 logLik logLik.Arima logLik.glm logLik.lm logLik.logLik
    logLik.nls logb logical loglin lower.tri lowess ls ls.diag ls.print lsfit mad mahalanobis
    make.link make.names make.tables.aovproj make.tables.aovprojlist make.unique makeARIMA
    makepredictcall makepredictcall.default makepredictcall.poly manova mantelhaen.test mapply
    margin.table marginSums mat.or.vec match match.arg match.call matrix mauchly.test
    mauchly.test.SSD mauchly.test.mlm max max.col mcnemar.test mean mean.Date mean.POSIXct
    mean.POSIXlt mean.default mean.difftime median median.default medpolish mem.maxNSize
    mem.maxVSize memCompress memDecompress memory.profile merge merge.data.frame merge.default
    merge.dendrogram message midcache.dendrogram min missing mode mode<- model.extract model.frame
    model.frame.aovlist model.frame.default model.frame.glm model.frame.lm model.matrix
    model.matrix.default model.matrix.lm model.offset model.response model.tables model.tables.aov
    model.tables.aovlist model.weights month.abb month.name monthplot monthplot.StructTS
    monthplot.default monthplot.stl monthplot.ts months months.Date months.POSIXt mood.test
    mood.test.default mood.test.formula mostattributes<- mtfrm mtfrm.default mvfft n.knots
    na.action na.action.default na.contiguous na.contiguous.default na.exclude
    na.exclude.data.frame na.exclude.default na.fail na.fail.default na.omit na.omit.data.frame
    na.omit.default na.omit.ts na.pass names names.POSIXlt names<- names<-.POSIXlt namespaceImport
    namespaceImportClasses namespaceImportMethods napredict napredict.default napredict.exclude
    naprint naprint.default naprint.exclude naprint.omit naresid naresid.default naresid.exclude
    nargs nchar ncol new.env next nextn ngettext nleaves nlevels nlm nlminb nls nls.control
    nlsModel nlsModel.plinear nls_port_fit nobs nobs.default nobs.dendrogram nobs.glm nobs.lm
    nobs.logLik nobs.nls noquote norm normalizePath nrow nullfile numToBits numToInts numeric
    numericDeriv numeric_version nzchar objects offset oldClass oldClass<- on.exit oneway.test
    open.connection open.srcfile open.srcfilealias open.srcfilecopy optim optimHess optimise
    optimize order order.dendrogram ordered outer p.adjust p.adjust.methods pacf pacf.default
    packBits packageEvent packageHasNamespace packageNotFoundError packageStartupMessage
    package_version pairlist pairwise.prop.test pairwise.t.test pairwise.table pairwise.wilcox.test
    parent.env parent.env<- parent.frame parseNamespaceFile paste paste0 path.expand path.package
    pbeta pbinom pbirthday pcauchy pchisq pcre_config pexp pf pgamma pgeom phyper pi plclust plnorm
    plogis plot plot.HoltWinters plot.TukeyHSD plot.acf plot.decomposed.ts plot.dendrogram
    plot.density plot.ecdf plot.hclust plot.isoreg plot.lm plot.medpolish plot.mlm plot.ppr
    plot.prcomp plot.princomp plot.profile.nls plot.spec plot.spec.coherency plot.spec.phase
    plot.stepfun plot.stl plot.ts plot.tskernel plotNode plotNodeLimit pmatch pmax pmax.int pmin
    pmin.int pnbinom pnorm pointwise poisson poisson.test poly polym polyroot port_cpos
    port_get_named_v port_msg port_v_nms pos.to.env power power.anova.test power.prop.test
    power.t.test ppoints ppois ppr ppr.default ppr.formula prcomp prcomp.default prcomp.formula
    predLoess predict predict.Arima predict.HoltWinters predict.StructTS predict.ar predict.arima0
    predict.glm predict.lm predict.loess predict.mlm predict.nls predict.poly predict.ppr
    predict.prcomp predict.princomp predict.smooth.spline predict.smooth.spline.fit preplot pretty
    pretty.default prettyNum princomp princomp.default princomp.formula print print.Arima
    print.AsIs print.DLLInfo print.DLLInfoList print.DLLRegisteredRoutines print.Date print.Dlist
    print.HoltWinters print.NativeRoutineList print.POSIXct print.POSIXlt print.StructTS
    print.TukeyHSD print.acf print.anova print.aov print.aovlist print.ar print.arima0 print.by
    print.condition print.connection print.data.frame print.default print.dendrogram print.density
    print.difftime print.dist print.dummy_coef print.dummy_coef_list print.ecdf print.eigen
    print.factanal print.factor print.family print.formula print.ftable print.function print.glm
    print.hclust print.hexmode print.htest print.infl print.integrate print.isoreg print.kmeans
    print.libraryIQR print.listof print.lm print.loadings print.loess print.logLik print.medpolish
    print.mtable print.nls print.noquote print.numeric_version print.octmode print.packageInfo
    print.pairwise.htest print.power.htest print.ppr print.prcomp print.princomp print.proc_time
    print.restart print.rle print.simple.list print.smooth.spline print.srcfile print.srcref
    print.stepfun print.stl print.summary.aov print.summary.aovlist print.summary.ecdf
    print.summary.glm print.summary.lm print.summary.loess print.summary.manova print.summary.nls
    print.summary.ppr print.summary.prcomp print.summary.princomp print.summary.table
    print.summary.warnings print.summaryDefault print.table print.tables_aov print.terms print.ts
    print.tskernel print.tukeyline print.tukeysmooth print.warnings print.xtabs printCoefmat
    prmatrix proc.time prod profile profile.nls profiler profiler.nls proj proj.aov proj.aovlist
    proj.default proj.lm proj.matrix promax prop.table prop.test prop.trend.test proportions
    provideDimnames psigamma psignrank psmirnov pt ptukey punif pushBack pushBackLength pweibull
    pwilcox qbeta qbinom qbirthday qcauchy qchisq qexp qf qgamma qgeom qhyper qlnorm qlogis qnbinom
    qnorm qpois qqline qqnorm qqnorm.default qqplot qr qr.Q qr.R qr.X qr.coef qr.default qr.fitted
    qr.lm qr.qty qr.qy qr.resid qr.solve qsignrank qsmirnov qt qtukey quade.test quade.test.default
    quade.test.formula quantile quantile.POSIXt quantile.default quantile.ecdf quarters
    quarters.Date quarters.POSIXt quasi quasibinomial quasipoisson qunif quote qweibull qwilcox
    r2dtable rWishart range range.default rank rapply raw rawConnectionValue rawShift rawToBits
    rawToChar rbeta rbind rbind.data.frame rbinom rcauchy rchisq rcond read.ftable readline
    rect.hclust reformulate regexec regexpr regmatches regmatches<- regularize.values relevel
    relevel.default relevel.factor relevel.ordered remove removeTaskCallback reorder
    reorder.default reorder.dendrogram rep rep.Date rep.POSIXct rep.POSIXlt rep.difftime rep.factor
    rep.int rep.numeric_version rep_len repeat replace replicate replications reshape resid
    residuals residuals.HoltWinters residuals.default residuals.glm residuals.isoreg residuals.lm
    residuals.nls residuals.smooth.spline residuals.tukeyline restartDescription restartFormals
    retracemem return returnValue rev rev.default rev.dendrogram rexp rf rgamma rgeom rhyper rle
    rlnorm rlogis rm rmultinom rnbinom rnorm round round.Date round.POSIXt row row.names
    row.names.data.frame row.names.default row.names<- row.names<-.data.frame row.names<-.default
    rowMeans rowSums rownames rownames<- rowsum rowsum.data.frame rowsum.default rpois rsignrank
    rsmirnov rstandard rstandard.glm rstandard.lm rstudent rstudent.glm rstudent.lm rt runif runmed
    rweibull rwilcox sQuote safe_pchisq safe_pf sample sample.int sapply scale scale.default
    scatter.smooth screeplot screeplot.default sd se.aov se.aovlist se.contrast se.contrast.aov
    se.contrast.aovlist search searchpaths seek seek.connection selfStart selfStart.default
    selfStart.formula seq seq.Date seq.POSIXt seq.default seq.int seq_along seq_len sequence
    sequence.default set.seed setNames setSessionTimeLimit setTimeLimit setdiff setequal shQuote
    shapiro.test showConnections sigma sigma.default sigma.mlm sign signalCondition signif
    simpleCondition simpleError simpleLoess simpleMessage simpleWarning simplify2array simulate
    simulate.lm sin single sinh sink.number sinpi slice.index smooth smooth.spline smoothEnds
    socketTimeout solve solve.default solve.qr sort sort.POSIXlt sort.default sort.int sort.list
    sortedXyData sortedXyData.default spec.ar spec.pgram spec.taper spectrum sphericity
    spl_coef_conv spline splinefun splinefunH splinefunH0 split split.Date split.POSIXct
    split.data.frame split.default split<- split<-.data.frame split<-.default sprintf sqrt srcfile
    srcfilealias srcfilecopy srcref start start.default startsWith stat.anova stderr stdin stdout
    step stepfun stl stop stopifnot storage.mode storage.mode<- str.dendrogram str.logLik strftime
    strptime strrep strsplit strtoi strtrim structure strwrap sub subset subset.data.frame
    subset.default subset.matrix substitute substr substr<- substring substring<- sum summary
    summary.Date summary.POSIXct summary.POSIXlt summary.aov summary.aovlist summary.connection
    summary.data.frame summary.default summary.ecdf summary.factor summary.glm summary.infl
    summary.lm summary.loess summary.manova summary.matrix summary.mlm summary.nls summary.ppr
    summary.prcomp summary.princomp summary.proc_time summary.srcfile summary.srcref
    summary.stepfun summary.stl summary.table summary.tukeysmooth summary.warnings suppressMessages
    suppressPackageStartupMessages suppressWarnings supsmu suspendInterrupts svd sweep switch
    symnum sys.call sys.calls sys.frame sys.frames sys.function sys.nframe sys.on.exit sys.parent
    sys.parents sys.status system.file system.time t t.data.frame t.default t.test t.test.default
    t.test.formula t.ts table tabulate tan tanh tanpi tapply taskCallbackManager tcrossprod tempdir
    tempfile termplot terms terms.aovlist terms.default terms.formula terms.terms
    textConnectionValue time time.default time.ts toString toString.default toeplitz tolower topenv
    toupper traceback tracemem tracingState transform transform.data.frame transform.default
    trigamma trimws trunc trunc.Date trunc.POSIXt truncate truncate.connection try tryCatch
    tryInvokeRestart ts ts.intersect ts.plot ts.union tsSmooth tsSmooth.StructTS tsdiag
    tsdiag.Arima tsdiag.StructTS tsdiag.arima0 tsp tsp<- typeof unclass undebug union unique
    unique.POSIXlt unique.array unique.data.frame unique.default unique.matrix
    unique.numeric_version unique.warnings uniroot units units.difftime units<- units<-.difftime
    unix.time unlist unloadNamespace unname unsplit untracemem update update.default update.formula
    update.packageStatus upper.tri utf8ToInt validEnc validUTF8 vapply var var.test
    var.test.default var.test.formula variable.names variable.names.default variable.names.lm
    varimax vcov vcov.Arima vcov.aov vcov.glm vcov.lm vcov.mlm vcov.nls vcov.summary.glm
    vcov.summary.lm vector version warning warningCondition warnings weekdays weekdays.Date
    weekdays.POSIXt weighted.mean weighted.mean.Date weighted.mean.POSIXct weighted.mean.POSIXlt
    weighted.mean.default weighted.mean.difftime weighted.residuals weights weights.default
    weights.glm weights.nls which which.max which.min while wilcox.test wilcox.test.default
    wilcox.test.formula window window.default window.ts window<- window<-.ts with with.default
    withAutoprint withCallingHandlers withRestarts withVisible within within.data.frame within.list
    write.ftable xor xpdrows.data.frame xtabs xtfrm xtfrm.AsIs xtfrm.Date xtfrm.POSIXct
    xtfrm.POSIXlt xtfrm.data.frame xtfrm.default xtfrm.difftime xtfrm.factor xtfrm.numeric_version
    zapsmall { | |.hexmode |.octmode || ~
    """
)
# Names that no variable of a model has: even handing them on is told.
STRICT = words(
    "system system2 shell shell.exec pipe source sys.source dyn.load download.file "
    "install.packages socketConnection unlink"
)
# They call what an argument names.
APPLY = words(
    "do.call match.fun get get0 lapply sapply vapply mapply Map Reduce Filter Find Position apply "
    "tapply outer Vectorize rapply eapply Recall call as.name as.symbol getExportedValue "
    "getFromNamespace getAnywhere aggregate by optim optimize nlm uniroot integrate"
)
# Those among them whose first argument has to be written down.
NAMED = words(
    "do.call match.fun get get0 call as.name as.symbol getExportedValue getFromNamespace .Call "
    ".External .External2 dynGet getAnywhere"
)
# Classes of values that R itself keeps in another way than their type.
OWN_CLASSES = words(
    "wrap_real wrap_integer wrap_logical wrap_complex wrap_raw wrap_string wrap_list "
    "compact_intseq compact_realseq deferred_string"
)
# Packages that come with R.
OWN_PACKAGES = words(
    "base compiler datasets grDevices graphics grid methods parallel splines stats stats4 tcltk "
    "tools utils"
)
# R calls them by name when it starts or ends with a workspace, or loads a package.
STARTS = words(".First .Last .First.sys .Last.sys .onLoad .onAttach .onUnload .First.lib")
